"""`python -m reports.changes > docs/changes.md`."""

from __future__ import annotations

import sys

from reports.changes.page import page
from reports.changes.shelf import load_changes, load_shown

sys.stdout.write(page(load_changes(), load_shown()))
