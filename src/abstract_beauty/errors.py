"""The errors that are the user's to mend."""


class UserError(Exception):
    """Something in the input is wrong: one line that names the file or key, what is wrong with it, and the mend.

    The command line prints it and exits with status 2; anything else that is raised is a bug and keeps its traceback.
    """


class SharedError(UserError):
    """One that every process which trains meets alike, so that the first process speaks for all."""
