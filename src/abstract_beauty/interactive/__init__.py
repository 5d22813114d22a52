"""What a person types in a notebook: train a loss or a network of one's own, and judge it beside all the others.

Everything is trained anew each time, on the prepared pictures of params.yaml, through the predictors that the pipeline
trained (where it has not run: those of the reference run). Nothing of the pipeline's is overwritten, and no module
that is given is changed.
"""
