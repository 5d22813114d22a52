"""What runs the stages: notebooks, profiles, the book. Nothing else in the package imports it."""
