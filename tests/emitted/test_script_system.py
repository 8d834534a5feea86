"""What a script asks of the machine that it runs on: Debian packages, ssh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from tests.emitted.machine import Machine
    from tests.emitted.studio import Studio

DPKG = """#!/bin/bash
[[ ${*: -1} != ffmpeg ]] || printf installed
[[ ${*: -1} == ffmpeg ]]
"""

SSH = """#!/bin/bash
echo "ssh $*" >>"$SEEN"
[[ $* == *" git@git.example.com "* ]] || { echo "Host key verification failed." >&2 && exit 255; }
command=${*: -1}
path=${command#*\\'}
exec git-upload-pack "$REPOSITORIES/git.example.com${path%\\'}.git"
"""
"""Goes to the git host's own folder; other hosts are not known."""


def test_debian_packages_that_are_lacking_are_told(machine: Machine, studio: Studio) -> None:
    pack = studio.archive(system_packages=("ffmpeg", "libgl1"))
    machine.emit(studio.lock(packs=(pack,), models=()), system_packages=("nano",))
    machine.variables()
    machine.stub("dpkg-query", DPKG)
    done = machine.run()
    assert done.code == 0, done.err
    told = "Debian packages are lacking that packs need: apt-get install libgl1 nano\n"
    assert told in done.err
    assert told in machine.run("--verify").err
    assert "lacking" not in machine.run("--uninstall-unlocked").err


def test_a_pack_comes_by_ssh_with_the_keys_of_whoever_installs(
    machine: Machine, studio: Studio
) -> None:
    files = {"__init__.py": "V = 1\n"}
    repository = machine.world.git.repository("git.example.com/our/pack")
    pin = replace(
        studio.git_pack(),
        name="git.example.com/our/pack",
        repository="ssh://git@git.example.com/our/pack",
        commit=repository.commit(files),
        tree=repository.tree(files),
        submodules=(),
    )
    machine.variables()
    machine.stub("ssh", SSH)
    machine.environment |= {
        "REPOSITORIES": str(machine.root.parent / "world" / "git"),
        "GIT_ALLOW_PROTOCOL": "http:ssh",
        "GIT_CONFIG_COUNT": "1",  # the world would lead ssh to its web server, too
        "GIT_CONFIG_KEY_0": f"url.{machine.world.git.url}/github.com/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }
    machine.emit(studio.lock(packs=(pin,), models=()))
    done = machine.run()
    assert done.code == 0, done.err
    assert (machine.packs / "pack/__init__.py").read_text() == "V = 1\n"
    assert "ssh -o BatchMode=yes " in machine.seen(), "nobody is asked, out of sight"
    stranger = replace(pin, repository="ssh://git@other.example.com/our/other")
    machine.emit(studio.lock(packs=(stranger,), models=()))
    refused = machine.run()
    assert refused.code == 1
    assert "other.example.com" in refused.err
