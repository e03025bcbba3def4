"""Content of one customer, Alpha, with a flow that has everything a flow can have; everybody else has the pack's."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

from bot import content as contents
from bot.content import Content
from config.settings import PACK

FLOW = """
    version: "3.1"
    flows:
      vpn_problem:
        name: Alpha
        description: Everything a flow can have.
        nlu_trigger: [{intent: vpn_problem}]
        steps:
          - action: utter_alpha_first
          - collect: alpha_where
            next:
              - if: slots.alpha_where == "home"
                then: router
              - else: cable
          - id: cable
            collect: alpha_cable_helped
            next:
              - if: slots.alpha_cable_helped
                then: [{link: solved}]
              - else: [{link: alpha_details}]
          - id: router
            collect: alpha_router_helped
            next:
              - if: slots.alpha_router_helped
                then: [{link: solved}]
              - else: [{link: alpha_details}]
      alpha_details:
        name: Details
        description: What the network team needs.
        steps:
          - collect: alpha_device
            ask_before_filling: true
            rejections:
              - if: not (slots.alpha_device matches "^[A-Z]{2}-[0-9]+$")
                utter: utter_alpha_no_device
          - collect: alpha_people
          - collect: alpha_blocked
            next:
              - if: slots.alpha_blocked
                then: [{set_slots: [{alpha_weight: high}], next: last}]
              - else: last
          - id: last
            collect: alpha_words
          - link: handoff
"""
DOMAIN = """
    version: "3.1"
    slots:
      alpha_where: {type: categorical, values: [office, home]}
      alpha_cable_helped: {type: bool}
      alpha_router_helped: {type: bool}
      alpha_device: {type: text, mappings: [{type: from_entity, entity: asset_tag}]}
      alpha_people: {type: float}
      alpha_blocked: {type: bool}
      alpha_weight: {type: text}
      alpha_words: {type: text}
    responses:
      utter_alpha_first:
        - {text: "Guten Tag {name}.", translation: {en: "Hello {name}."}}
      utter_ask_alpha_where:
        - text: Wo sind Sie?
          translation: {en: Where are you?}
          buttons:
            - {title: Im Büro, translation: {en: In the office}, payload: /SetSlots(alpha_where=office)}
            - {title: Zu Hause, translation: {en: At home}, payload: /SetSlots(alpha_where=home)}
      utter_alpha_no_device:
        - {text: "So sieht eine Nummer aus: NB-1234.", translation: {en: "A number looks like NB-1234."}}
"""
_LABELS = {
    "alpha_where": ("Ort", "Place"),
    "alpha_cable_helped": ("Kabel", "Cable"),
    "alpha_router_helped": ("Router", "Router"),
    "alpha_device": ("Gerät", "Device"),
    "alpha_people": ("Betroffene", "People"),
    "alpha_blocked": ("Arbeit steht", "Blocked"),
    "alpha_words": ("Meldung", "Message"),
}


def write(folder: Path) -> None:
    """The pack with Alpha's own content in a folder."""
    shutil.copytree(PACK, folder)
    own = folder / "organizations" / "alpha"
    for name, text in (("flows", FLOW), ("domain", DOMAIN)):
        (own / name).mkdir(parents=True)
        (own / name / "alpha.yml").write_text(dedent(text), "utf-8")
    lines = ['version: "3.1"', "responses:"]
    for slot, (german, english) in _LABELS.items():
        lines.append(f"  utter_label_{slot}: [{{text: {german}, translation: {{en: {english}}}}}]")
        if slot != "alpha_where":
            lines.append(f"  utter_ask_{slot}: [{{text: '{german}?', translation: {{en: '{english}?'}}}}]")
    (own / "domain" / "labels.yml").write_text("\n".join(lines), "utf-8")


@cache
def alpha_content() -> Content:
    with TemporaryDirectory() as name:
        write(Path(name) / "pack")
        return contents.load(Path(name) / "pack")
