"""What is measured of a picture, and of what was done to it; and what needs no network to compare with."""
