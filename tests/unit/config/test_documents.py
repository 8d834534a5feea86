"""What docs/configuration.md shows is what the parser takes, and nothing is missing there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from comfylock.config import VARIABLES
from comfylock.config.audit import AUDIT_KEYS, IGNORE_KEYS
from comfylock.config.document import ENDPOINTS, SECTIONS
from comfylock.config.lock_settings import LOCK_KEYS
from comfylock.config.models import MODEL_KEYS
from comfylock.config.packs import PACK_KEYS
from tests.settings import SHA, settings

TEXT = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text("utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def test_the_examples_together_are_settings() -> None:
    config = settings("\n".join(BLOCKS).replace("0123…", SHA))
    assert (len(config.pack_rules), len(config.model_rules)) == (7, 11)
    assert (len(config.endpoints), len(config.class_types)) == (5, 4)
    assert config.groups == {"video": ("workflows/video/*",), "extras": ()}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_table_has_a_heading(section: str) -> None:
    assert f"\n## [{section}]\n" in TEXT


@pytest.mark.parametrize(
    "key", sorted({*LOCK_KEYS, *PACK_KEYS, *MODEL_KEYS, *AUDIT_KEYS, *IGNORE_KEYS, *VARIABLES})
)
def test_every_setting_has_a_row(key: str) -> None:
    assert re.search(rf"^\| [^|]*`{key}`", TEXT, re.MULTILINE)


@pytest.mark.parametrize("key", ENDPOINTS)
def test_every_service_has_a_line(key: str) -> None:
    assert re.search(rf"^{key} = ", TEXT, re.MULTILINE)
