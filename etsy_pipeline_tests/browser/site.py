"""The review pages in a browser: what a person sees and presses, and what axe-core says of it."""

import os
from pathlib import Path
from typing import Any

from axe_core_python.selenium import Axe
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

WIDTHS = (360, 900, 1600)
QUICKLY = ((360, "dark"), (1600, "light"))


class Site:
    """The pages, as far as a person touches them."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self._browser, self._url = browser, url

    def open(self, path: str) -> None:
        self._browser.get(f"{self._url}{path}")

    def see(self, text: str) -> None:
        self.wait(lambda browser: text in browser.find_element(By.TAG_NAME, "body").text)

    def press(self, text: str) -> None:
        path = f"//main//*[self::button or self::a][contains(., '{text}')]"
        page = self._browser.find_element(By.TAG_NAME, "html")
        self._browser.find_element(By.XPATH, path).click()
        self.wait(lambda browser: browser.find_element(By.TAG_NAME, "html") != page)

    def press_until(self, button: str, text: str) -> None:
        """Again and again, for what is being read meanwhile."""
        for _ in range(60):
            self.press(button)
            if text in self._browser.find_element(By.TAG_NAME, "body").text:
                return
        raise AssertionError(f"{text} is not there")

    def click(self, path: str) -> None:
        """What stands at an XPath."""
        self._browser.find_element(By.XPATH, path).click()

    def type(self, field: str, text: str) -> None:
        element = self._browser.find_element(By.ID, field)
        element.clear()
        element.send_keys(text)

    def choose(self, field: str, text: str) -> None:
        Select(self._browser.find_element(By.ID, field)).select_by_visible_text(text)

    def tick(self, text: str) -> None:
        """As with the tab key: a box that has the focus is not covered by the page's bar, and can be clicked."""
        box = self._browser.find_element(By.XPATH, f"//label[contains(., '{text}')]/input")
        self._browser.execute_script("arguments[0].focus()", box)
        box.click()

    def keys(self, keys: str) -> None:
        """Typed wherever the focus is."""
        ActionChains(self._browser).send_keys(keys).perform()

    def script(self, script: str) -> Any:
        return self._browser.execute_script(script)

    def pictures(self) -> int:
        script = "return [...document.images].filter(item => item.complete && item.naturalWidth).length"
        self.wait(lambda browser: browser.execute_script(script))
        return int(self._browser.execute_script(script))

    def look(self, name: str, **options: Any) -> None:
        """On phones and large screens, in the light and in the dark: nothing keeps anybody out or is beyond the edge.

        Each width in each colour where pictures are kept; else the narrowest and the widest, for a look takes a second.
        """
        every = [(width, scheme) for width in WIDTHS for scheme in ("light", "dark")]
        for width, scheme in every if os.environ.get("SCREENSHOTS") else QUICKLY:
            self._show(width, 800, scheme)
            found = Axe().run(self._browser, options=str(options).replace("False", "false") if options else None)
            assert found["passes"], "axe looked"
            violations = [(item["id"], item["nodes"][0]["html"]) for item in found["violations"]]
            assert violations == [], (name, width, scheme, violations)
            wide = self._browser.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, (name, width, wide)
            self._picture(f"review-{name}-{width}-{scheme}", width, scheme)

    def _show(self, width: int, height: int, scheme: str) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)

    def _picture(self, name: str, width: int, scheme: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            height = self._browser.execute_script("return document.documentElement.scrollHeight")
            self._show(width, min(height, 2400), scheme)
            self._browser.save_screenshot(str(Path(folder) / f"{name}.png"))

    def wait(self, is_so: Any) -> None:
        """A page that is left just then tells nothing of itself any more, and is looked at again."""
        WebDriverWait(self._browser, 120, ignored_exceptions=[StaleElementReferenceException]).until(is_so)
