#!/usr/bin/python3
"""Pictures of an HTML mail, to be looked at: light and dark, wide and 320 px narrow.

    tests/support/screenshot.py MAIL.html OUT_FOLDER     needs Debian's chromium and fonts-noto-cjk

The mail stands in an iframe, because a headless window is never narrower than about 500 px. Writes
light-720.png, dark-720.png, light-320.png, dark-320.png and prints their names.
"""
import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTHS = (720, 320)
SCHEMES = {"dark": 0, "light": 1}  # blink's PreferredColorScheme
PAGE = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="mail" width="{width}" height="100" style="border:0;display:block" srcdoc="{mail}"></iframe>
<script>
const frame = document.getElementById('mail');
frame.onload = () => {{
  const page = frame.contentDocument.documentElement;
  frame.height = page.scrollHeight;
  frame.dataset.height = page.scrollHeight;
  frame.dataset.width = page.scrollWidth;
}};
</script>"""


def chromium(profile, scheme, *options):
    return subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
         f"--user-data-dir={profile}", f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
         "--virtual-time-budget=2000", *options],
        check=True, capture_output=True, text=True, timeout=120).stdout


def picture(mail, scheme, width, out):
    """Writes the picture; returns the width that the mail wanted, to notice what does not fit."""
    with tempfile.TemporaryDirectory(prefix="la-chromium-") as folder:
        page = Path(folder) / "page.html"
        page.write_text(PAGE.format(width=width, mail=html.escape(mail, quote=True)), encoding="utf-8")
        dom = chromium(f"{folder}/profile", scheme, "--dump-dom", page.as_uri())
        height, wanted = (int(re.search(rf'data-{name}="(\d+)"', dom)[1]) for name in ("height", "width"))
        chromium(f"{folder}/profile", scheme, f"--window-size={max(width, 500)},{height}", f"--screenshot={out}",
                 page.as_uri())
    return wanted


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    mail, folder = Path(sys.argv[1]).read_text(encoding="utf-8"), Path(sys.argv[2]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    fits = True
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            out = folder / f"{scheme}-{width}.png"
            wanted = picture(mail, scheme, width, out)
            fits = fits and wanted <= width
            print(out, "" if wanted <= width else f"(does not fit: it is {wanted} px wide)")
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
