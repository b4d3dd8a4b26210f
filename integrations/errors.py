"""The ways an outside system can say no. A client raises one of these and nothing else."""


class OutsideError(Exception):
    """Something on the other side. `code` is their word, kept for the admin page."""

    def __init__(self, text: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(text)
        self.code = code
        # Seconds they asked us to wait, where they said so (a throttle).
        self.retry_after = retry_after


class Temporary(OutsideError):
    """Their trouble or the wire's: the same call may succeed later. The job is tried again."""


class Throttled(Temporary):
    """They say we ask too often: the whole connection waits `retry_after` seconds, not only this call."""


class Permanent(OutsideError):
    """Our data or our rights: repeating changes nothing. The job stops and is shown in admin."""


class ConnectionAtFault(Permanent):
    """Not this order but the connection: key, signature, right or setting. Every other call would fail as well."""


class OutOfNumbers(Permanent):
    """The seller's waybill numbers are used up: a person must buy more."""


class Unauthorised(Permanent):
    """The token is missing, expired or withdrawn: a person must authorise again."""


class Unsupported(Permanent):
    """This system has no such act; `capabilities` says so beforehand."""


class AlreadyDone(OutsideError):
    """They say it was done before. The caller treats it as done after reading their copy again."""


class BadSignature(Exception):
    """A webhook that we do not believe: answered in the protocol's own refusal, counted, nothing stored."""


class Unreadable(Exception):
    """A verified body that could not be understood: parked with this reason, shown in admin, replayable."""
