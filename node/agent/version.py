"""Which version of the agent this is: the name of the folder that it was installed in, which is made of its content."""

import os
import re

#: .../ha-rancher-HASH/agent/version.py; a folder of another form is somebody's working copy.
_FOLDER = os.path.basename(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
VERSION = _FOLDER if re.fullmatch(r"[A-Za-z0-9_.+-]{1,64}", _FOLDER) else "unversioned"
