"""One file for each format an ECG is stored in; every ``read`` returns a :class:`~.recording.Recording`."""
