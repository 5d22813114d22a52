"""The errors that are the user's to mend."""

from pydantic import ValidationError

LONGEST = 1000  # characters of a message; what a hostile file makes longer is cut in its middle


def escaped(text: str) -> str:
    """`text` on one line of any screen: line breaks, terminal codes and half characters become escapes like \\n."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def counted(number: int, what: str) -> str:
    """ "1 picture", "2 pictures"."""
    return f"{number} {what}{'s' * (number != 1)}"


class UserError(Exception):
    """Something in the input is wrong: one line that names the file or key, what is wrong with it, and the mend.

    The command line prints it and exits with status 2; anything else that is raised is a bug and keeps its traceback.
    It may quote files that nobody checked, so it is `escaped`.
    """

    def __init__(self, message: str):
        shown = escaped(message)
        if len(shown) > LONGEST:
            shown = f"{shown[: LONGEST // 2]} ... {shown[-LONGEST // 2 :]}"
        super().__init__(shown)


class ArgumentError(UserError, ValueError):
    """A function was given what it cannot use; also a ValueError, which Python's own functions raise then."""


def complaint(error: ValidationError) -> str:
    """The first thing that pydantic finds wrong with a file, in a few words: its key and what it should be."""
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"


def reason(error: Exception) -> str:
    """What another library's error says, on one line of at most 200 characters; its kind where it says nothing."""
    return " ".join(str(error).split())[:200] or type(error).__name__


class SharedError(UserError):
    """One that every process which trains meets alike, so that the first process speaks for all."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came while a network was trained; its state was saved."""
