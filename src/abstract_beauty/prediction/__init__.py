"""What predicting a picture is: tiles and contexts, full prediction and its error, and what predictors are built of."""
