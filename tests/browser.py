"""How Chromium displays pictures, for tests on machines where it is installed."""

from __future__ import annotations

import base64
import html
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_TYPES = {"jpg": "jpeg", "svg": "svg+xml"}
_SCRIPT = """
async function look(url) {
  const image = new Image();
  const loaded = new Promise(end => { image.onload = () => end(1); image.onerror = () => end(0); });
  image.src = url;
  if (!await loaded) return null;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const [x, y] = [canvas.width >> 1, canvas.height >> 1];
  return [...context.getImageData(x, y, 1, 1).data];
}
Promise.all(urls.map(look)).then(all => { document.body.textContent = JSON.stringify(all); });
"""


def program() -> str | None:
    """The path of Chromium, or None."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def displayed(files: Sequence[Path], folder: Path) -> list[list[int] | None]:
    """The middle pixel of each file, RGBA in sRGB as it is displayed; None if it cannot be loaded.

    `folder` is for temporary files.
    """
    urls = [
        f"data:image/{_TYPES.get(file.suffix[1:], file.suffix[1:])};base64,"
        + base64.b64encode(file.read_bytes()).decode()
        for file in files
    ]
    page = folder / "page.html"
    page.write_text(f"<body></body><script>const urls = {json.dumps(urls)};{_SCRIPT}</script>")
    command = [
        *(str(program()), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
        *("--force-color-profile=srgb", "--virtual-time-budget=20000"),
        *(f"--user-data-dir={folder / 'profile'}", page.as_uri()),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(html.unescape(done.stdout.partition("<body>")[2].partition("<")[0]))
