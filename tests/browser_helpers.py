"""Pages in headless Chromium; tests skip where selenium or Chromium is absent."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

CHROMIUM, CHROMEDRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


@contextmanager
def browser(width: int = 1200, height: int = 900, dark: bool = False) -> Iterator["Chrome"]:
    """Start headless Chromium with a new profile, and end it.

    Args:
        width: Width of the page in CSS pixels; also one that is too narrow for a window, such as a phone's.
        height: Height of the page in CSS pixels.
        dark: Whether the reader's system is in dark mode.
    """
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    for program in (CHROMIUM, CHROMEDRIVER):
        if not program.exists():
            pytest.skip(f"there is no {program}")
    profile = tempfile.mkdtemp(prefix="pyterrier-hybrid-chromium-")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=str(CHROMEDRIVER), log_output=os.devnull)
    try:
        driver = webdriver.Chrome(options=options, service=service)
        try:
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            mode = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", mode)
            yield driver
        finally:
            driver.quit()
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def follow(driver: "Chrome", element: "WebElement") -> None:
    """Click on a link or button that leads to another address, and wait for that page."""
    from selenium.webdriver.support.expected_conditions import url_changes
    from selenium.webdriver.support.ui import WebDriverWait

    wait, address = WebDriverWait(driver, 60), driver.current_url
    element.click()
    wait.until(url_changes(address))
    wait.until(lambda driver: driver.execute_script("return document.readyState") == "complete")
