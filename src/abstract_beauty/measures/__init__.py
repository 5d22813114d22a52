"""What was done to a picture, in numbers; and the plain fills and filters to compare with."""
