"""What the command line does, a module a group of commands; `cli.py` holds the parser."""
