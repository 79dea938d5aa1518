"""A Compose project, by whichever Compose there is."""

import subprocess


class Project:
    """`program` is the command, `name` the project's; `file` says what it is made of, with these variables."""

    def __init__(self, program, endpoint, name, file, **variables):
        self._variables = variables
        self._program = program
        self._endpoint = endpoint
        self.name = name
        self._file = file

    def compose(self, *args, input=None, file=None):
        """The program's outcome, whatever it is."""
        return subprocess.run(
            [
                *self._program,
                *("-p", self.name, "-f", file or self._file),
                *("--project-directory", self._file.parent),
                *args,
            ],
            capture_output=True,
            text=True,
            input=input,
            timeout=120,
            env=self._endpoint.env(**self._variables),
        )

    def run(self, *args, check=True, **kwargs):
        """What it printed, for it must succeed; without `check` its exit code."""
        done = self.compose(*args, **kwargs)
        assert (
            not check or done.returncode == 0
        ), f"compose {' '.join(args)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout if check else done.returncode
