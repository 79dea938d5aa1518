"""The same CLI command on the engine itself and through droverd."""

import re


def same(direct, client, *args, blur=None, **kwargs):
    """Runs a command that changes nothing on both endpoints and wants the same outcome.

    `blur` is a pattern for what differs between two runs on the engine itself.
    """

    def outcome(done):
        texts = (done.stdout, done.stderr)
        return done.returncode, *(re.sub(blur, b"", text) if blur else text for text in texts)

    for attempt in range(3):  # between the two "51 seconds ago" may have become 52
        wanted = direct.cli(*args, **kwargs)
        got = client.cli(*args, **kwargs)
        if outcome(got) == outcome(wanted):
            return wanted
    assert outcome(got) == outcome(wanted)
