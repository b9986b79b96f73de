"""What tests of configurations share."""

from __future__ import annotations

from dataclasses import replace

from iqlut.network.configuration import Config


def without_folders(config: Config) -> Config:
    """`config` without the folders of its images, which differ from machine to machine."""
    return replace(config, train=replace(config.train, data="", validation=""))
