"""Has a report read by somebody else's program and compared with the JSON report that it was made from.

check.py json FILE… | plan FILE… | csv FILE REPORT | prometheus FILE REPORT | junit FILE REPORT SCHEMA | markdown FILE REPORT
"""

import copy
import csv
import io
import json
import os
import re
import sys
import unicodedata

import jsonschema

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def strict(schema):
    """The schema as the tests use it: every field that a report has must be named in it."""
    if isinstance(schema, dict):
        if schema.get("properties") is not None and schema.get("type") in ("object", ["object", "null"]):
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            strict(part)
    elif isinstance(schema, list):
        for part in schema:
            strict(part)
    return schema


def check_json(*paths):
    check_schema("flotilla.report-1.schema.json", *paths)


def check_plan(*paths):
    check_schema("flotilla.plan-1.schema.json", *paths)


def check_schema(name, *paths):
    with open(os.path.join(ROOT, "schemas", name)) as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(strict(copy.deepcopy(schema)))
    for path in paths:
        for error in list(validator.iter_errors(load(path)))[:10]:
            raise SystemExit(path + ": " + error.json_path + ": " + error.message)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def same(what, one, other):
    if one != other:
        raise SystemExit("%s: %r is not %r" % (what, one, other))


def harmless(text):
    """What a terminal would obey, or nobody would see, is replaced; tabs, line ends and the joiners of emoji stay."""
    hidden = lambda c: unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in "\t\r\n\u200d"
    return "".join("\ufffd" if hidden(c) else c for c in text)


def check_csv(path, report):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    outside = re.sub('"[^"]*"', "", text)
    same("line ends", outside.count("\r\n"), outside.count("\n"))
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    records = load(report)["installations"]
    same("rows", len(rows), len(records))
    for row, record in zip(rows, records):
        same("columns", None in row or None in row.values(), False)
        for name in ["id", "path", "status"]:
            text = harmless(record[name])
            same(name, row[name] in (text, "'" + text), True)
        same("version", row["version_after"], str(record["version_after"] or ""))
        same("locked", float(row["locked_ms"] or -1), record.get("locked_ms", -1))
        message = harmless((record["error"] or {}).get("message", ""))
        same("message", row["error_message"] in (message, "'" + message), True)
        for cell in row.values():
            if cell[:1] in "=+-@＝＋－＠\t\r\n" and cell:
                float(cell)


def check_prometheus(path, report):
    from prometheus_client.parser import text_string_to_metric_families

    with open(path, encoding="utf-8", newline="") as file:
        families = {family.name: family for family in text_string_to_metric_families(file.read())}
    report = load(report)
    for family in families.values():
        same(family.name + " is a", family.type, "gauge")
        same("documentation", bool(family.documentation), True)
        for sample in family.samples:
            same("fleet", sample.labels["fleet"], harmless(report["fleet"]).replace("\r", "\ufffd"))
            same("labels", set(sample.labels) <= {"fleet", "version", "status"}, True)
    summary = report["summary"]
    values = {name: sum(s.value for s in family.samples) for name, family in families.items()}
    same("by version", values["flotilla_installations"], summary["installations"])
    same("by status", values["flotilla_installations_by_status"], summary["installations"])
    same("drifted", values["flotilla_drifted_installations"], summary["drifted"])
    same("latest", values["flotilla_latest_version"], report["migrations"]["latest"])
    for name in ["longest", "median"]:
        expected = report["locked"][name + "_ms"] if "locked" in report else None
        seconds = values.get("flotilla_%s_lock_seconds" % name)
        same(name, None if seconds is None else round(seconds * 1000, 3), expected)


def check_junit(path, report, schema):
    from junitparser import Error, Failure, JUnitXml, Skipped
    from lxml import etree

    etree.XMLSchema(etree.parse(schema)).assertValid(etree.parse(path))
    summary = load(report)["summary"]
    suites = JUnitXml.fromfile(path)
    cases = [case for suite in suites for case in suite]
    same("cases", len(cases), summary["installations"])
    for suite in suites:
        same("tests of " + suite.name, suite.tests, len(list(suite)))
        for kind, count in [(Failure, suite.failures), (Error, suite.errors), (Skipped, suite.skipped)]:
            same(str(kind), sum(isinstance(r, kind) for c in suite for r in c.result), count)
    same("errors", suites.errors, summary["unreachable"])
    same("failures", suites.failures >= summary["failed"], True)


def check_markdown(path, report):
    from markdown_it import MarkdownIt

    with open(path, encoding="utf-8") as file:
        text = file.read()
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    tags = set(re.findall(r"<([a-zA-Z][a-z0-9]*)", html))
    same("other tags", tags - set("h2 h3 p strong code table thead tbody tr th td ul li br sub".split()), set())
    same("length", len(text) < 60_000, True)
    same("headline", load(report)["fleet"].split("<")[0].split()[0] in html, True)


if __name__ == "__main__":
    globals()["check_" + sys.argv[1]](*sys.argv[2:])
