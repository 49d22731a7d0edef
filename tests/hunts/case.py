"""What a test of a shipped hunt is: ordinary events, planted evil among them, and the rows that must be found."""


class Case:
    """
    The hunt is run over ordinary and planted events, and must find the expected rows and no others; and over the
    ordinary events alone, where it must find nothing.
    """

    def __init__(self, hunt, describe):
        self.hunt = hunt
        self.describe = describe
        self.ordinary_events = []
        self.planted_events = []
        self.expected = []
        self.parameters = {}

    def ordinary(self, *events):
        self.ordinary_events += events

    def planted(self, *events):
        self.planted_events += events

    def expect(self, **columns):
        """A row with these values in these columns. All rows expected of a case name the same columns."""
        self.expected.append(columns)

    def told(self):
        """The case with its events; it is described anew, so that nothing is kept that is not needed."""
        if not self.expected:
            self.describe(self)
        return self


CASES = {}


def case(hunt):
    """A function that describes the case of a hunt."""

    def add(describe):
        CASES[hunt] = Case(hunt, describe)
        return describe

    return add
