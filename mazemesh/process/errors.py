"""Why a process could not start."""


class StartError(Exception):
    """The process cannot start; the reason is for a person: one message, no traceback."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
