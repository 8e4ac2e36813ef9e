"""What can be wrong with a shipment. Each error has a code, which the web shop translates."""


class WharfError(Exception):
    """The root of all errors."""

    code = "W000"


class TooHeavy(WharfError):
    """No carrier, or not this one, takes so much."""

    code = "W101"


class UnknownCarrier(WharfError):
    """There is no carrier of that name."""

    code = "W201"


class UnknownCountry(WharfError):
    """Nothing is sent there."""

    code = "W202"


class AlreadyPaid(WharfError):
    """An invoice was paid before."""

    code = "W301"
