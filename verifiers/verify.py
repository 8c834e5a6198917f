#!/usr/bin/env python3
"""Checks an evidence bundle of Écluse, offline: python3 verify.py [FOLDER]

Needs Python 3.8 or newer, nothing but its standard library, and OpenSSL 3 for signatures and timestamps.
What is checked, and why, stands in bundle-format.md, section 7: C1 to C24. Nothing here comes from Écluse's own source.

How it goes: every file is hashed (C1); the log is read once, line by line (C2 to C5), and of each record is kept what the other checks
need; then one function a check (c6_time, c7_signatures and so on, each with the page's own words); the lists come last, file by file.
The bundle is not trusted: only regular files found under the folder are opened, every read is bounded, nothing is ever executed
but openssl, and what is missing, or breaks a check, fails.
"""
import argparse
import base64
import calendar
import concurrent.futures
import datetime
import gzip
import hashlib
import itertools
import json
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import time
import zlib

TOOL = "verify.py 1"
TOLERANCE_MS = 300_000
LINE_BYTES = 65_535  # a record, without its LF
ROW_BYTES = 65_536  # a line of a rows file or of a set bucket
SMALL_FILE_BYTES = 4 << 20  # any file that is read whole
INDEX_BYTES = 16 << 20  # the index of a set: at most 65,536 buckets
SHOWN_PROBLEMS = 20

NAMESPACE = b"approval-v1@ecluse"
GATE_OF_EVENT = {"loss.accepted": "loss", "cutover.approved": "cutover", "acceptance.signed": "finalize", "deletion.approved": "discard", "gap.approved": "gap"}
VERIFIERS = ("verify.py", "verify.sh", "verify.html")
GATES = ("loss", "cutover", "finalize", "discard", "gap")
COPIES = ("copied", "adopted")
GOOD_STATES = ("verified", "vanished", "excluded", "withdrawn")
STATES = GOOD_STATES + ("changed", "failed", "unknown")

# ------------------------------------------------------------------------------------------------------------------ words

CHECKS = {
    "C1": ("files", "fichiers"),
    "C2": ("form of each record", "forme de chaque ligne"),
    "C3": ("sequence", "suite"),
    "C4": ("chain", "chaînage"),
    "C5": ("ids", "identifiants"),
    "C6": ("time", "temps"),
    "C7": ("signatures of checkpoints", "signatures des points de contrôle"),
    "C8": ("roots", "racines"),
    "C9": ("coverage", "couverture"),
    "C10": ("your checkpoints", "vos points de contrôle"),
    "C11": ("interval", "intervalle"),
    "C12": ("witnesses", "témoins"),
    "C13": ("timestamps", "horodatages"),
    "C14": ("approvals are signed", "validations signées"),
    "C15": ("approvals fit", "validations conformes"),
    "C16": ("duties", "séparation des rôles"),
    "C17": ("order of acts", "ordre des actes"),
    "C18": ("batches", "lots"),
    "C19": ("reconciliation", "rapprochement"),
    "C20": ("read back", "relecture"),
    "C21": ("outcomes", "issues des actes"),
    "C22": ("deletions", "suppressions"),
    "C23": ("policy", "politique"),
    "C24": ("your fingerprints", "vos empreintes"),
}
REQUIREMENTS = (
    ("R1", "Nothing was altered, removed or inserted (SecNumCloud 12.6–12.8)", "Rien n’a été modifié, retiré ni inséré", "C1 C2 C3 C4 C5 C6 C7 C8 C9"),
    ("R2", "The log was kept without a break (SecNumCloud 12.6)", "Le registre a été tenu sans interruption", "C11"),
    ("R3", "Parties outside the operator saw it (SecNumCloud 12.8, eIDAS 41)", "Des tiers extérieurs à l’exploitant l’ont vu", "C12 C13"),
    ("R4", "Every decision was signed by the right persons (RGPD 28, ISO 27002 5.3)", "Chaque décision est signée par les bonnes personnes", "C14 C15 C16"),
    ("R5", "Gates were passed in order (PGSSI-S 6.6.2.5)", "Les portes ont été franchies dans l’ordre", "C17 C21"),
    ("R6", "Every object of the inventory has one end state (ISO 27037, HDS 27)", "Chaque objet inventorié a un état final et un seul", "C18 C19"),
    ("R7", "Verified means read back from the target and equal (NIST 800-88 4.5)", "Vérifié signifie relu sur la cible et identique", "C20"),
    ("R8", "Deletions were approved, limited and observed (SecNumCloud 19.4, HDS 27)", "Les suppressions ont été validées, limitées et constatées", "C22"),
    ("R9", "The rules were fixed at the start and held (SecNumCloud 9.2)", "Les règles ont été fixées au départ et tenues", "C23"),
)
NOT_PROVEN = (
    ("that the keys are the controller’s: compare the fingerprints (C24)", "que les clés sont celles du responsable : comparez les empreintes (C24)"),
    ("that objects outside the listing did not exist", "que des objets hors de la liste n’existaient pas"),
    ("what happened to the copies since", "ce que les copies sont devenues depuis"),
    ("that a place is where its provider says", "qu’un lieu est bien celui que dit son fournisseur"),
    ("that a qualified authority is qualified", "qu’une autorité dite qualifiée l’est"),
    ("what people do outside the log", "ce que font les personnes hors du registre"),
    ("an outage of the log’s last hour cannot be told from its end", "une panne de la dernière heure ne se distingue pas de la fin du registre"),
)
WORDS = {
    "lab": ("LAB, NOT EVIDENCE", "LABO, SANS VALEUR DE PREUVE"),
    "interim": ("INTERIM", "PROVISOIRE"),
    "title": ("Evidence bundle", "Dossier de preuves"),
    "records": ("records", "enregistrements"),
    "requirements": ("Requirements", "Exigences"),
    "checks": ("Checks", "Contrôles"),
    "not proven": ("Not proven by a bundle", "Ce que ce dossier ne prouve pas"),
    "fingerprints": ("Fingerprints: compare with the controller’s paper", "Empreintes : à comparer avec le document du responsable"),
    "pending": ("pending", "en cours"),
    "workloads": ("workloads", "ensembles"),
    "acts": ("acts", "actes"),
    "withheld": ("files withheld", "fichiers non communiqués"),
    "verdict": ("Verdict", "Résultat"),
}

# ------------------------------------------------------------------------------------------- results: what a check found


class Bad(Exception):
    """Something in the bundle is wrong: FAIL of the check that looks."""


class Missing(Exception):
    """What a check needs cannot be had here: UNKNOWN."""


class Check:
    """One check's findings. FAIL beats UNKNOWN beats `otherwise` (PASS, NA or YOURS)."""

    def __init__(self, name):
        self.name, self.otherwise = name, "PASS"
        self.problems, self.unknowns, self.notes, self.looked_at, self.failures, self.doubts = [], [], [], [], 0, 0

    def fail(self, text, seq=None):
        self.failures += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append((seq, text))

    def unknown(self, text, seq=None):
        self.doubts += 1
        if len(self.unknowns) < SHOWN_PROBLEMS and (seq, text) not in self.unknowns:
            self.unknowns.append((seq, text))

    def note(self, text):
        self.notes.append(text)

    def about(self, seq):
        """A record that the check rests on: shown when all is well."""
        if len(self.looked_at) < SHOWN_PROBLEMS:
            self.looked_at.append(seq)

    def run(self, work, *arguments):
        return self.at(None, work, *arguments)

    def at(self, seq, work, *arguments):
        """Fails closed: whatever goes wrong inside a check, about a record or not, is a finding of this check."""
        try:
            return work(*arguments)
        except Bad as error:
            self.fail(str(error), seq)
        except Missing as error:
            self.unknown(str(error), seq)
        except Exception as error:
            self.fail("unexpected " + type(error).__name__, seq)
        return None

    def result(self):
        return "FAIL" if self.failures else "UNKNOWN" if self.doubts else self.otherwise

    def records(self):
        found = self.problems if self.failures else self.unknowns if self.doubts else [(seq, "") for seq in self.looked_at]
        return sorted({seq for seq, _ in found if seq is not None})[:SHOWN_PROBLEMS]

    def detail(self):
        found = (self.problems if self.failures else []) + (self.unknowns if self.doubts else [])
        said = [text if seq is None else "record %d: %s" % (seq, text) for seq, text in found]
        more = self.failures + self.doubts - len(said)
        return "; ".join(said + (["and %d more" % more] if more > 0 else []) + self.notes)


# ------------------------------------------------------------------------------- reading: JSON, files and lists, all bounded

sha256 = lambda data: hashlib.sha256(data).digest()
sha256_hex = lambda data: hashlib.sha256(data).hexdigest()
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def _refuse(_):
    raise ValueError("a number that the format does not have")


def _integer(digits):
    if len(digits) > 17:
        raise ValueError("a number that the format does not have")
    return int(digits)


def _unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice")
    return members


_decode = json.JSONDecoder(parse_float=_refuse, parse_int=_integer, parse_constant=_refuse).decode
_decode_unique = json.JSONDecoder(parse_float=_refuse, parse_int=_integer, parse_constant=_refuse, object_pairs_hook=_unique).decode


def canonical(data):
    """Bytes → value, if they are canonical JSON. A key that stands twice, a space, another order, an escape: other bytes come back."""
    try:
        text = data.decode("utf-8")
        value = _decode(text)
        if _encode(value) == text:
            return value
    except (ValueError, RecursionError):
        pass
    raise Bad("not canonical JSON")


def plain_json(data):
    """Bytes → value: JSON without the numbers that parsers read differently, and no key twice."""
    try:
        return _decode_unique(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Bad("not JSON, or a key stands twice")


class Bundle:
    """The folder. Only regular files that the walk found are ever opened, so no name in a record leads out of it."""

    def __init__(self, folder):
        self.folder, self.files, self.foreign, self.digests = folder, {}, [], {}
        self._walk(folder, "")

    def _walk(self, folder, prefix):
        try:
            with os.scandir(folder) as entries:
                entries = list(entries)
        except OSError:
            return self.foreign.append(prefix or "the folder itself")
        for entry in entries:
            path = prefix + entry.name
            if entry.is_symlink() or path.count("/") > 8:
                self.foreign.append(path)
            elif entry.is_dir():
                self._walk(entry.path, path + "/")
            elif entry.is_file():
                self.files[path] = entry.stat().st_size
            else:
                self.foreign.append(path)

    def open(self, path):
        if path not in self.files:
            raise Bad("missing: " + path)
        handle = os.open(os.path.join(self.folder, *path.split("/")), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Bad("no regular file: " + path)
        return os.fdopen(handle, "rb")

    def read(self, path, limit=SMALL_FILE_BYTES):
        with self.open(path) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise Bad("larger than %d bytes: %s" % (limit, path))
        return data

    def names(self, folder):
        """Names of the files in one folder, sorted."""
        return sorted(path[len(folder) :] for path in self.files if path.startswith(folder) and "/" not in path[len(folder) :])

    def hash_all(self):
        for path in sorted(self.files):
            digest = hashlib.sha256()
            with self.open(path) as file:
                for chunk in iter(lambda: file.read(1 << 20), b""):
                    digest.update(chunk)
            self.digests[path] = digest.hexdigest()

    def unpacked(self, digest, limit, is_list=True):
        """Lines of manifests/<digest>.gz, without LF. Never whole in memory; at the end the digest must be right. An index needs no LF at its end."""
        seen, total, rest = hashlib.sha256(), 0, b""
        with self.open("manifests/%s.gz" % digest) as packed:
            with gzip.GzipFile(fileobj=packed, mode="rb") as file:
                while True:
                    try:
                        chunk = file.read(1 << 18)
                    except (OSError, EOFError, ValueError, zlib.error):
                        raise Bad("no gzip: manifests/%s.gz" % digest)
                    if not chunk:
                        break
                    total += len(chunk)
                    if total > limit:
                        raise Bad("unpacks to more than %d bytes: manifests/%s.gz" % (limit, digest))
                    seen.update(chunk)
                    lines = (rest + chunk).split(b"\n")
                    rest = lines.pop()
                    if len(rest) > ROW_BYTES:
                        raise Bad("a line is too long: manifests/%s.gz" % digest)
                    yield from lines
        if rest and is_list:
            raise Bad("does not end in LF: manifests/%s.gz" % digest)
        if rest:
            yield rest
        if seen.hexdigest() != digest:
            raise Bad("not the bytes of its digest: manifests/%s.gz" % digest)


def records_of(file):
    """(entry hash, line or None when it breaks the form, why) for each line of records.jsonl."""
    while True:
        line = file.readline(LINE_BYTES + 1)
        if not line:
            return
        if line.endswith(b"\n"):
            line = line[:-1]
            yield sha256(line), line, None
        elif len(line) <= LINE_BYTES:
            yield sha256(line), None, "the last line does not end in LF"
        else:
            digest = hashlib.sha256(line)
            while line and not line.endswith(b"\n"):
                line = file.readline(LINE_BYTES + 1)
                digest.update(line[:-1] if line.endswith(b"\n") else line)
            yield digest.digest(), None, "longer than %d bytes" % LINE_BYTES


def milliseconds(moment):
    """RFC 3339 in UTC → milliseconds since 1970."""
    when = datetime.datetime.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S")
    return calendar.timegm(when.timetuple()) * 1000 + int(moment[20:23] if len(moment) > 20 else 0)


def moment_of(ms):
    """Milliseconds → the form of a record's time, which sorts as text."""
    when = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


# ----------------------------------------------------------------------------------- forms: each a function value → is it so


def text(pattern):
    matches = re.compile(pattern).fullmatch
    return lambda value: type(value) is str and matches(value) is not None


def integer(low, high=2**53 - 1):
    return lambda value: type(value) is int and low <= value <= high


def one_of(*choices):
    return lambda value: type(value) in (str, int, bool) and value in choices and type(value) is type(choices[0])


def array(item, at_least=0):
    return lambda value: type(value) is list and len(value) >= at_least and all(map(item, value))


def mapping(key, item):
    return lambda value: type(value) is dict and all(map(key, value)) and all(map(item, value.values()))


def fields(required, optional=()):
    known, needed = dict(optional, **required), frozenset(required)

    def is_so(value):
        if type(value) is not dict or not needed <= value.keys():
            return False
        for key, item in value.items():
            form = known.get(key)
            if form is None or not form(item):
                return False
        return True

    return is_so


def label(value):
    if type(value) is not str:
        return False
    return 0 < len(value) <= 512 and (value.isascii() or len(value.encode("utf-16-le", "surrogatepass")) <= 1024)


anything = lambda value: type(value) is str
count = integer(0)
digest_form = text("[0-9a-f]{64}")
size_bytes = text("0|[1-9][0-9]*")
_DAY = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
moment = text(_DAY + r"\.[0-9]{3}Z")
any_moment = text(_DAY + r"(?:\.[0-9]{3})?Z")
code = text("[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}")
party = text("[\x21-\x7e]{1,128}")
country = text("[A-Z]{2}")
log_name = text(r"[^\s+]{1,200}")
verdict = one_of("PASS", "FAIL", "UNKNOWN")
nonce = text("[0-9a-f]{32}")
place = fields(
    {"provider": label},
    {
        "account_ref": label, "region": label, "country": country, "jurisdiction": array(country), "endpoint": label, "resource_ref": label, "version_ref": label,
        "qualification": fields({"scheme": label, "number": label, "scope": label, "valid_to": moment}, {"evidence_sha256": digest_form}),
    },
)  # fmt: skip
side = {"value": digest_form, "by": party, "at": moment}

RECORD = {
    "v": one_of(1),
    "log": log_name,
    "seq": count,
    "prev": digest_form,
    "salt": text("[A-Za-z0-9_-]{21}[AQgw]"),
    "event_id": text("[\x21-\x7e]{1,200}"),
    "time": moment,
    "event": lambda value: type(value) is str and value in DEMANDS,
    "severity": one_of("info", "notice", "exception", "breakglass"),
    "project": code,
    "actor": fields(
        {"id": party, "type": one_of("person", "service"), "auth": one_of("sshsig", "webauthn", "oidc+mfa", "mtls", "client-asserted")},
        {"org": label, "role": label, "on_behalf_of": party, "principal": party, "country": country},
    ),
    "software": fields({"name": label, "version": label, "build": label}),
    "host": fields({"id": label}, {"country": country}),
}
IN_EVERY_RECORD = frozenset(RECORD)
RECORD.update(
    {
        "instruction_sha256": digest_form,
        "refs": fields({"workflow_id": label, "run_id": label, "activity_id": label, "attempt": integer(1)}),
        "observed_at": moment,
        "unit": fields(
            {"kind": one_of("project", "plan", "log", "inventory", "bucket", "vm", "disk", "manifest", "shard", "object"), "ref": label},
            {"count": count, "size_bytes": size_bytes, "format": code, "classification": code},
        ),
        "source": place,
        "target": place,
        "counts": mapping(text("[a-z][a-z0-9_]{0,63}"), count),
        "verdict": verdict,
        "reasons": array(code),
        "approval": fields(
            {"approver": fields({"id": party}, {"org": label, "role": code, "key_fpr": label}), "scope_sha256": digest_form},
            {"gate": code, "nonce": nonce, "file_sha256": digest_form},
        ),
        "evidence": array(fields({"name": code, "media_type": label, "sha256": digest_form, "size_bytes": size_bytes}, {"confidential": one_of(True)})),
        "act": fields({"name": code, "run": count, "pass": count, "turn": count}),
        "clock": fields({"source": label, "offset_ms": integer(1 - 2**53), "checked_at": moment}),
        "digest": fields(
            {"form": one_of("sha256", "sha256-tree"), "source": fields(side), "target": fields(dict(side, method=one_of("reread")))},
            {
                "chunk_bytes": count, "provider": array(fields({"alg": code, "type": code, "value": label})),
                "metadata": fields({"source": digest_form, "target": digest_form}),
            },
        ),
        "deletion": fields(
            {
                "holds_checked": array(code), "method": one_of("logical", "key-erase", "provider-purge"), "technique": label, "categories_checked": array(code),
                "absence": array(fields({"probe": code, "result": code, "response_sha256": digest_form, "at": moment})), "ordered_at": moment,
                "residual": array(code), "provider_evidence": array(digest_form), "operator": party,
            },
            {
                "election_sha256": digest_form, "notice_sent_at": moment, "cooling_off_until": moment, "irrecoverable_from": moment,
                "verifier": party, "validator": party,
            },
        ),
        "policy": fields({"class": one_of("production", "lab"), "sha256": digest_form}),
        "gap": fields({"from": moment, "to": moment}),
        "encryption": fields({}, {"tls": label, "at_rest": label, "key_ref": label}),
        "custody": fields({"from": party, "to": party, "reason": code}),
        "switching": fields({}, {"notice_at": moment, "transition_until": moment, "retrieval_until": moment, "erased_at": moment}),
        "standard": array(code),
    }
)  # fmt: skip

_DEMANDED = """
log.opened policy clock evidence|key.ceremony evidence|checkpoint.published counts clock evidence|witness.cosigned counts evidence
tsa.token counts evidence|clock.drift clock|log.alarm reasons|log.gap gap reasons evidence|gap.approved approval|evidence.exported|log.closed counts
instruction.received evidence|inventory.sealed unit source evidence|plan.approved approval|loss.accepted unit approval|exclusion.approved unit approval
access.granted|access.revoked|config.changed|worker.deployed
step.started act|step.succeeded act|step.failed act|step.undo_started act|step.undo_finished act|step.undo_failed act|stuck.resolved unit
snapshot.created unit source|transfer.started unit source target|transfer.exception unit source target
batch.verified unit source target counts verdict evidence act|batch.restated unit source target counts verdict evidence act
disk.verified unit source target digest verdict|listing.compared unit source target counts verdict act
gate.reached unit evidence approval|gate.opened unit approval evidence|gate.rejected unit approval|rehearsal.accepted unit approval
cutover.approved unit approval|acceptance.signed unit approval|target_backup.verified unit target verdict
reconciliation.closed unit source target counts verdict evidence|rollback.ordered unit|rollback.finished unit
deletion.requested unit target|deletion.notice unit|deletion.cancelled unit target|deletion.approved unit approval|deletion.intent unit target reasons act
deletion.outcome unit target counts verdict act|deletion.absence unit target verdict act|key.destroyed unit|certificate.issued unit deletion evidence
payload.decoded|breakglass.opened reasons|breakglass.closed|breakglass.reviewed approval
"""
DEMANDS = {event: frozenset(demanded) for event, *demanded in (kind.split() for kind in _DEMANDED.replace("\n", "|").split("|") if kind)}

_ID = text("[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_GATE = fields({"seats": array(fields({"role": _ID}, {"org": _ID})), "witnessed": one_of(True, False), "timestamp": one_of("none", "any", "qualified")})
POLICY = fields(
    {
        "v": one_of(1), "class": one_of("production", "lab"), "project": _ID, "log": log_name, "controller": _ID, "operator": _ID,
        "keys": fields({"log": text(r"\S.*"), "p256": text(r"\S.*")}),
        "checkpoint": fields({"every_records": integer(1, 100_000), "every_seconds": integer(1, 86_400)}),
        "witnesses": array(fields({"vkey": text(r"\S.*"), "org": _ID})), "witness_quorum": count,
        "timestamps": array(fields({"name": text("[a-z0-9][a-z0-9-]{0,30}"), "ca": text(r"(?s).+"), "qualified": one_of(True, False)})),
        "approvers": array(fields(
            {
                "id": _ID, "org": _ID, "roles": array(_ID, 1), "valid_after": any_moment, "valid_before": any_moment,
                "key": text(r"(ssh-ed25519|ecdsa-sha2-nistp256|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+=*"),
            },
            {"person": _ID, "presence": one_of("none", "touch", "pin")},
        )),
        "gates": fields({gate: _GATE for gate in GATES}),
        "cooling_off_days": count, "temporal": fields({"authorization": one_of(True, False)}),
        "retention": fields({"purpose": text(r"(?s).+"), "years": integer(1)}),
    },
    {
        "deputies": array(fields({"id": _ID, "of": _ID, "from": any_moment, "until": any_moment})),
        "demands": array(text(r"[a-z_]+(\.[a-z_]+)*")),
    },
)  # fmt: skip
APPROVAL_FILE = fields(
    {
        "v": one_of(1), "project": anything, "subject": text("(?s).{1,128}"), "gate": one_of(*GATES), "scope_sha256": digest_form,
        "approver": fields({"id": anything, "org": anything, "role": anything}, {"on_behalf_of": anything}),
        "verified_roots": array(digest_form), "checkpoint": fields({"size": integer(1), "root": digest_form}), "nonce": nonce,
        "not_before": moment, "expires": moment,
        "summary": fields({"objects": count, "size_bytes": anything, "verdict": verdict, "losses": array(anything)}),
    }
)  # fmt: skip
CEREMONY = fields(
    {"v": one_of(1), "log": anything, "p256": anything, "made_at": any_moment, "reason": one_of("first", "rotation")}, {"previous": anything}
)  # fmt: skip
ROW = fields(
    {"i": count, "ref": digest_form, "outcome": one_of("copied", "adopted", "deleted", "vanished", "changed", "failed"), "sizeBytes": count, "verdict": verdict},
    {
        "sourceEtag": anything, "sourceLastModified": anything, "sourceVersionId": anything, "form": one_of("sha256-tree"), "chunkBytes": integer(1),
        "sha256": digest_form, "targetSha256": digest_form, "targetEtag": anything, "targetVersionId": anything, "metadata": digest_form,
        "targetMetadata": digest_form, "tags": digest_form, "losses": array(code), "reason": code,
    },
)  # fmt: skip
SALT_ROW = fields({"salt": text("[A-Za-z0-9_-]{21}[AQgw]")})
_INDEX = {"v": one_of(1), "bits": integer(0, 16), "buckets": array(fields({"count": count, "sha256": digest_form})), "count": count, "workload": label}
INVENTORY_INDEX = fields(dict(_INDEX, kind=one_of("inventory")))
FINAL_INDEX = fields(dict(_INDEX, kind=one_of("final"), states=mapping(one_of(*STATES), fields({"count": count, "size_bytes": size_bytes}))))
INVENTORY_ROW = fields({"ref": digest_form, "size_bytes": size_bytes})
FINAL_ROW = fields(
    {"ref": digest_form, "state": one_of(*STATES), "size_bytes": size_bytes}, {"rows": digest_form, "i": count, "reason": code, "left": one_of(True)}
)

# ----------------------------------------------------------------------------------------------- signatures: openssl does them

ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
P256_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


class OpenSSL:
    """Verifications by the openssl command, several at once. Each is asked once; its answer is kept."""

    def __init__(self, folder):
        self.folder, self.numbers, self.answers, self.path = folder, itertools.count(), {}, shutil.which("openssl")
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=min(4, (os.cpu_count() or 1) + 1))
        self.environment = dict(os.environ, OPENSSL_CONF=os.devnull, LC_ALL="C")
        self.lacks = self._what_is_missing()

    def _what_is_missing(self):
        if not self.path:
            return "needs OpenSSL 3: no openssl here"
        version = subprocess.run([self.path, "version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, env=self.environment).stdout
        version = version.decode("ascii", "replace").strip()
        if not re.match(r"OpenSSL ([3-9]|[1-9][0-9])\.", version):
            return "needs OpenSSL 3: found " + version[:40]
        # RFC 8032, test 2: a right signature must pass, and the same over another byte must not.
        key = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        signature = bytes.fromhex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        )
        if not self._verify(ED25519_SPKI + key, b"\x72", signature, None) or self._verify(ED25519_SPKI + key, b"\x73", signature, None):
            return "needs OpenSSL 3 with Ed25519: this one does not judge a known signature rightly"
        return None

    def _keep(self, data):
        path = os.path.join(self.folder, "o%d" % next(self.numbers))
        with open(path, "wb") as file:
            file.write(data)
        return path

    def _run(self, arguments, *contents):
        """Runs openssl; each `None` of the arguments stands for a file with the next of the contents."""
        rest, paths = iter(contents), []
        for at, argument in enumerate(arguments):
            if argument is None:
                arguments[at] = self._keep(next(rest))
                paths.append(arguments[at])
        try:
            answer = subprocess.run(
                [self.path] + arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, env=self.environment
            )
            return answer.returncode == 0
        finally:
            for path in paths:
                os.unlink(path)

    def _verify(self, key, message, signature, digest):
        how = ["-digest", digest] if digest else []
        return self._run(
            ["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", None, "-rawin"] + how + ["-in", None, "-sigfile", None], key, message, signature
        )

    def ask(self, key, message, signature, digest=None):
        """A future of: does this key (DER) verify this signature? `digest`: of an ECDSA signature."""
        if self.lacks:
            raise Missing(self.lacks)
        name = (key, sha256(message), signature, digest)
        if name not in self.answers:
            self.answers[name] = self.pool.submit(self._verify, key, message, signature, digest)
        return self.answers[name]

    def timestamp(self, response, data, ca, at_seconds):
        """Is it a granted token over `data`, by a chain to `ca` that was valid at its time?"""
        if self.lacks:
            raise Missing(self.lacks)
        return self._run(["ts", "-verify", "-in", None, "-data", None, "-CAfile", None, "-attime", str(at_seconds)], response, data, ca)


def decode64(word):
    """Base64 in its one form: standard alphabet, padded, no spare bits."""
    data = base64.b64decode(word, validate=True)
    if base64.b64encode(data).decode() != word:
        raise ValueError("base64")
    return data


class VerifierKey:
    """A key as C2SP signed-note writes it: name+id+base64(type ‖ key). `kind`: 1 a log, 4 a witness."""

    def __init__(self, vkey, kind):
        try:
            self.name, key_id, key = vkey.split("+", 2)
            data = decode64(key)
            self.id = bytes.fromhex(key_id)
        except ValueError:
            raise Bad("a vkey has no form")
        self.text, self.key = vkey, data[1:]
        if data[:1] != bytes([kind]) or len(self.key) != 32 or not self.name or key_id != key_id.lower():
            raise Bad("a vkey is no Ed25519 key of its kind")
        if self.id != sha256(self.name.encode() + b"\n" + data)[:4]:
            raise Bad("a vkey has the id of another key")
        self.spki = ED25519_SPKI + self.key


class Note:
    """A signed note over a checkpoint: body of three lines, an empty one, signature lines."""

    def __init__(self, data):
        try:
            head, separator, tail = data.decode("utf-8").rpartition("\n\n")
            self.body = (head + "\n").encode()
            self.origin, size, root = head.split("\n")
            self.size, self.root = int(size), decode64(root)
            if not separator or not tail.endswith("\n") or not re.fullmatch("0|[1-9][0-9]{0,15}", size) or len(self.root) != 32:
                raise ValueError
            self.lines = []
            for line in tail[:-1].split("\n"):
                name, word = re.fullmatch("— ([^ ]+) ([^ ]+)", line).groups()
                self.lines.append((name, decode64(word)))
        except (ValueError, AttributeError):
            raise Bad("not a signed note over a checkpoint")

    def log_signatures(self, key):
        return [payload[4:] for name, payload in self.lines if name == key.name and payload[:4] == key.id]

    def cosignatures(self, key):
        """[(seconds, signature)] of a witness: its line holds key id ‖ time ‖ signature."""
        found = [payload for name, payload in self.lines if name == key.name and payload[:4] == key.id]
        if any(len(payload) != 76 for payload in found):
            raise Bad("a cosignature has a wrong length")
        return [(int.from_bytes(payload[4:12], "big"), payload[12:]) for payload in found]

    def cosigned_text(self, seconds):
        return b"cosignature/v1\ntime %d\n" % seconds + self.body


def is_signed(openssl, note, key):
    """Every line of this key verifies, and there is one."""
    asked = [len(signature) == 64 and openssl.ask(key.spki, note.body, signature) for signature in note.log_signatures(key)]
    return bool(asked) and all(answer and answer.result() for answer in asked)


def der(data, at):
    """One DER element: (tag, start, end) of its content."""
    tag, length, at = data[at], data[at + 1], at + 2
    if length >= 0x80:
        octets = length & 0x7F
        if not 0 < octets <= 4:
            raise Bad("not DER")
        length, at = int.from_bytes(data[at : at + octets], "big"), at + octets
    if at + length > len(data):
        raise Bad("not DER")
    return tag, at, at + length


def token_time(response):
    """genTime of an RFC 3161 response in milliseconds. Whether the token is right is openssl's to say."""
    try:
        _, at, _ = der(response, 0)  # TimeStampResp
        _, _, at = der(response, at)  # past the status
        _, at, _ = der(response, at)  # ContentInfo
        _, _, at = der(response, at)  # past its type
        for _ in range(2):  # [0], SignedData
            _, at, _ = der(response, at)
        for _ in range(2):  # past version and digest algorithms
            _, _, at = der(response, at)
        _, at, _ = der(response, at)  # EncapsulatedContentInfo
        _, _, at = der(response, at)  # past its type
        for _ in range(3):  # [0], OCTET STRING, TSTInfo
            _, at, _ = der(response, at)
        for _ in range(4):  # past version, policy, imprint, serial
            _, _, at = der(response, at)
        tag, start, end = der(response, at)
        said = re.fullmatch(r"([0-9]{14})(?:\.([0-9]+))?Z", response[start:end].decode("ascii"))
        if tag != 0x18 or not said:
            raise Bad("no time in a timestamp")
        when = datetime.datetime.strptime(said.group(1), "%Y%m%d%H%M%S")
        return calendar.timegm(when.timetuple()) * 1000 + int(((said.group(2) or "") + "000")[:3])
    except (IndexError, ValueError):
        raise Bad("not an RFC 3161 response")


class Wire:
    """SSH's binary form, read from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        if self.at + length > len(self.data):
            raise Bad("an SSH structure ends too early")
        self.at += length
        return self.data[self.at - length : self.at]

    def string(self):
        return self.take(struct.unpack(">I", self.take(4))[0])

    def end(self):
        if self.at != len(self.data):
            raise Bad("an SSH structure has bytes behind its end")


ssh_string = lambda data: struct.pack(">I", len(data)) + data


def ssh_public_key(blob):
    """Wire form of a public key → (type, DER key, application of a hardware key)."""
    wire = Wire(blob)
    kind = wire.string()
    if kind in (b"ssh-ed25519", b"sk-ssh-ed25519@openssh.com"):
        key = wire.string()
        spki, is_right = ED25519_SPKI + key, len(key) == 32
    elif kind in (b"ecdsa-sha2-nistp256", b"sk-ecdsa-sha2-nistp256@openssh.com"):
        curve, point = wire.string(), wire.string()
        spki, is_right = P256_SPKI + point, curve == b"nistp256" and len(point) == 65 and point[:1] == b"\4"
    else:
        raise Bad("a key of a kind that approvals do not have")
    application = wire.string() if kind.startswith(b"sk-") else None
    wire.end()
    if not is_right:
        raise Bad("a public key has no form")
    return kind, spki, application


def ecdsa_der(pair):
    """SSH's (r, s) → DER."""
    wire = Wire(pair)
    numbers = [wire.string(), wire.string()]
    wire.end()
    if any(not number or len(number) > 33 or number[0] & 0x80 for number in numbers):
        raise Bad("an ECDSA signature has no form")
    body = b"".join(b"\2" + bytes([len(number)]) + number for number in numbers)
    return b"\x30" + bytes([len(body)]) + body


def sshsig(armoured, message):
    """An armoured SSHSIG → (blob of its key, what openssl must be asked, flags of a hardware key or None)."""
    found = re.fullmatch(rb"-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END SSH SIGNATURE-----\s*", armoured)
    if not found:
        raise Bad("not an armoured SSH signature")
    try:
        wire = Wire(base64.b64decode(b"".join(found.group(1).split()), validate=True))
    except ValueError:
        raise Bad("not an armoured SSH signature")
    if wire.take(6) != b"SSHSIG" or wire.take(4) != b"\0\0\0\1":
        raise Bad("not an SSH signature of version 1")
    blob, namespace, _, hash_name, inner = [wire.string() for _ in range(5)]
    wire.end()
    if namespace != NAMESPACE:
        raise Bad("signed for another namespace")
    if hash_name not in (b"sha256", b"sha512"):
        raise Bad("signed over another hash")
    kind, spki, application = ssh_public_key(blob)
    wire, flags = Wire(inner), None
    if wire.string() != kind:
        raise Bad("the signature is of another kind than its key")
    signature = wire.string()
    digest = hashlib.new(hash_name.decode(), message).digest()
    signed = b"SSHSIG" + ssh_string(namespace) + ssh_string(b"") + ssh_string(hash_name) + ssh_string(digest)
    if application is not None:
        flags, counter = wire.take(1), wire.take(4)
        signed = sha256(application) + flags + counter + sha256(signed)
    wire.end()
    is_ecdsa = b"ecdsa" in kind
    if not is_ecdsa and len(signature) != 64:
        raise Bad("an Ed25519 signature has no form")
    return blob, (spki, signed, ecdsa_der(signature) if is_ecdsa else signature, "sha256" if is_ecdsa else None), flags and flags[0]


# -------------------------------------------------------------------------------------------------------- policy and seats


class Policy:
    """The rules, as trust/policy.json says them; whether they are the log's own is C23."""

    def __init__(self, data):
        self.data, self.sha256 = data, sha256_hex(data)
        if not data.endswith(b"\n"):
            raise Bad("policy.json does not end in LF")
        rules = canonical(data[:-1])
        if not POLICY(rules):
            raise Bad("policy.json breaks its form")
        self.rules, self.is_production = rules, rules["class"] == "production"
        self.log_key = VerifierKey(rules["keys"]["log"], 1)
        self.p256 = decode_p256(rules["keys"]["p256"])
        self.witnesses = [(VerifierKey(witness["vkey"], 4), witness["org"]) for witness in rules["witnesses"]]
        self.authorities = {authority["name"]: authority for authority in rules["timestamps"]}
        self.approvers = {}
        for approver in rules["approvers"]:
            blob = decode_blob(approver["key"])
            approver = dict(approver, blob=blob, fingerprint=fingerprint(blob), person=approver.get("person", approver["id"]))
            self.approvers.setdefault(approver["id"], []).append(approver)

    def gate(self, name):
        return self.rules["gates"].get(name)

    def approver(self, party_id, key_fpr=None):
        """The entry of this id; with two of one id, the one of this key."""
        entries = self.approvers.get(party_id, [])
        return next((entry for entry in entries if entry["fingerprint"] == key_fpr), entries[0] if entries else None)

    def fills(self, record, seat):
        """The approver's entry, if this approval may take this seat."""
        said, actor = record["approval"]["approver"], record["actor"]
        entry = self.approver(said["id"], said.get("key_fpr"))
        if not entry or actor["auth"] != "sshsig" or "nonce" not in record["approval"]:
            return None
        holders, of = self.approvers[said["id"]], actor.get("on_behalf_of")
        if of is not None:
            at = milliseconds(record["time"])
            if not any(
                deputy["id"] == said["id"] and deputy["of"] == of and milliseconds(deputy["from"]) <= at <= milliseconds(deputy["until"])
                for deputy in self.rules.get("deputies", [])
            ):
                return None
            holders = self.approvers.get(of, [])
        org, role = said.get("org"), said.get("role")
        is_holder = any(holder["org"] == org and role in holder["roles"] for holder in holders)
        return entry if is_holder and seat["role"] == role and seat.get("org", org) == org else None

    def seats_filled(self, gate, approvals, instructor):
        """Do these approval records fill all seats of the gate, each by another id, person and key, and none by who instructed?"""
        seats, steps = self.gate(gate)["seats"], itertools.count()
        barred = {instructor} | {entry["person"] for entry in self.approvers.get(instructor, [])}
        choices = []
        for seat in seats:
            entries = [entry for entry in (self.fills(record, seat) for record in approvals) if entry]
            choices.append([{("id", e["id"]), ("person", e["person"]), ("key", e["fingerprint"])} for e in entries if not {e["id"], e["person"]} & barred])

        def take(at, taken):
            if next(steps) > 20_000:
                raise Bad("too many approvals and seats to be matched")
            return at == len(seats) or any(take(at + 1, taken | who) for who in choices[at] if not who & taken)

        return take(0, frozenset())


def decode_p256(word):
    try:
        spki = decode64(word)
    except ValueError:
        spki = b""
    if len(spki) != 91 or not spki.startswith(P256_SPKI + b"\4"):
        raise Bad("a P-256 key has no form")
    return spki


def decode_blob(key):
    kind, word = key.split(" ")
    try:
        blob = decode64(word)
    except ValueError:
        raise Bad("an approver's key has no form")
    if ssh_public_key(blob)[0] != kind.encode():
        raise Bad("an approver's key is of another kind than it says")
    return blob


fingerprint = lambda blob: "SHA256:" + base64.b64encode(sha256(blob)).decode().rstrip("=")

# ------------------------------------------------------------------------------------------------------ the log, read once


class Tree:
    """RFC 6962, growing: one hash a level."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def add(self, entry):
        node, size = sha256(b"\0" + entry), self.size
        while size & 1:
            node, size = sha256(b"\1" + self.peaks.pop() + node), size >> 1
        self.peaks.append(node)
        self.size += 1

    def root(self):
        if not self.peaks:
            return sha256(b"")
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = sha256(b"\1" + peak + root)
        return root


# What later checks read of a record; the rest of it is let go.
KEPT = {"seq", "time", "event", "actor", "unit", "act", "counts", "verdict", "reasons", "approval", "evidence", "gap", "deletion", "policy"}


def bound(record, name):
    """Digest of the file that a record binds under this name, or None."""
    return next((item["sha256"] for item in record.get("evidence", ()) if item["name"] == name), None)


def subject(record):
    """The workload that a record is about."""
    return record.get("unit", {}).get("ref", "")


class Log:
    """Reads the log line by line: C2 to C5, the tree. A line that breaks its form counts for chain and tree, and for nothing else."""

    def __init__(self, bundle, policy, checks, wanted_sizes):
        self.bundle, self.checks, self.wanted = bundle, checks, wanted_sizes
        self.project, self.name = (policy.rules["project"], policy.rules["log"]) if policy else (None, None)
        self.kept = KEPT | {path.split(".")[0] for path in policy.rules.get("demands", ())} if policy else KEPT
        self.tree, self.roots, self.times = Tree(), {}, {}  # root, and time of the newest record, at the sizes that some check will ask for
        self.prev, self.ids, self.time, self.plan = "0" * 64, set(), "", None
        self.records, self.by_event = [], {}

    def of(self, *events):
        """The records of these events, in the order of the log."""
        return sorted(itertools.chain.from_iterable(self.by_event.get(event, ()) for event in events), key=lambda record: record["seq"])

    def read(self):
        if 0 in self.wanted:
            self.roots[0] = self.tree.root()
        with self.bundle.open("log/records.jsonl") as file:
            for entry, line, problem in records_of(file):
                seq = self.tree.size
                record = None if problem else self.checks["C2"].at(seq, self.c2_form, line)
                if problem:
                    self.checks["C2"].fail(problem, seq)
                if record:
                    self.c3_sequence(record, seq)
                    self.c4_chain(record, seq)
                    self.c5_ids(record, seq)
                    self._keep(record, seq)
                self.prev = entry.hex()
                self.tree.add(entry)
                if self.tree.size in self.wanted:
                    self.roots[self.tree.size], self.times[self.tree.size] = self.tree.root(), self.time
        if not self.tree.size:
            self.checks["C2"].fail("no record")
            self.checks["C3"].fail("no record")

    def _keep(self, record, seq):
        if record["time"] < self.time:
            self.checks["C6"].fail("time lies before that of an earlier record", seq)
        self.time = max(self.time, record["time"])
        record = {key: value for key, value in record.items() if key in self.kept}
        record["seq"] = seq
        self.records.append(record)
        self.by_event.setdefault(record["event"], []).append(record)

    def c2_form(self, line):
        """Each line of records.jsonl: ≤ 65,535 bytes, ends in LF, canonical, the fields of ledger-format.md with their forms, no other field,
        what its event demands; `project`, `log` those of the policy."""
        record = canonical(line)
        if type(record) is not dict:
            raise Bad("no object")
        for key, value in record.items():
            form = RECORD.get(key)
            if form is None:
                raise Bad("a field that the format does not have")
            if not form(value):
                raise Bad(key + " breaks its form")
        lacking = (IN_EVERY_RECORD - record.keys()) or (DEMANDS[record["event"]] - record.keys())
        if lacking:
            raise Bad("%s lacks %s" % (record.get("event", "it"), ", ".join(sorted(lacking))))
        self.project, self.name = self.project or record["project"], self.name or record["log"]
        if (record["project"], record["log"]) != (self.project, self.name):
            raise Bad("belongs to another project or log")
        return record

    def c3_sequence(self, record, seq):
        """`seq` is the line number; record 0 is `log.opened`, record 1 `key.ceremony`; `instruction_sha256` is the `plan` evidence of the newest
        earlier `instruction.received`, absent before the first."""
        check = self.checks["C3"]
        if record["seq"] != seq:
            check.fail("seq is %d" % record["seq"], seq)
        if seq < 2 and record["event"] != ("log.opened", "key.ceremony")[seq]:
            check.fail("is no " + ("log.opened", "key.ceremony")[seq], seq)
        if record.get("instruction_sha256") != self.plan:
            check.fail("instruction_sha256 is not the plan in force", seq)
        if record["event"] == "instruction.received":
            self.plan = bound(record, "plan")

    def c4_chain(self, record, seq):
        """`prev` is the entry hash of the line before."""
        if record["prev"] != self.prev:
            self.checks["C4"].fail("prev is not the hash of the record before", seq)

    def c5_ids(self, record, seq):
        """No `event_id` twice."""
        name = sha256(record["event_id"].encode())[:16]
        if name in self.ids:
            self.checks["C5"].fail("its event_id stands in an earlier record", seq)
        self.ids.add(name)


# ------------------------------------------------------------------------------------------------------------- the checks

OUTCOME_OF = {
    "step.succeeded": "step.started", "step.failed": "step.started", "step.undo_finished": "step.undo_started", "step.undo_failed": "step.undo_started",
    "deletion.outcome": "deletion.intent",
}  # fmt: skip
INTENTS = ("step.started", "step.undo_started", "deletion.intent")


class Gate:
    """What a `gate.reached` or a `log.gap` showed, and the approvals of exactly that which came after it."""

    def __init__(self, record, name, scope):
        self.seq, self.record, self.name, self.scope, self.approvals = record["seq"], record, name, scope, []


class Workload:
    """The records about a workload's objects."""

    def __init__(self, name):
        self.name, self.inventories, self.batches, self.reconciliations, self.orders = name, [], [], [], []


class Verification:
    def __init__(self, folder, options):
        self.bundle, self.options = Bundle(folder), options
        self.checks = {name: Check(name) for name in CHECKS}
        self.policy, self.keys, self.withheld, self.pending_workloads, self.pending_acts, self.files_of_json = None, [], 0, 0, 0, {}

    def run(self, openssl, scratch):
        self.openssl, self.scratch, check = openssl, scratch, self.checks
        check["C1"].run(self.c1_files, check["C1"])
        self.policy = check["C23"].run(lambda: Policy(self.bundle.read("trust/policy.json")))
        self.sizes = {folder: self._sizes(folder) for folder in ("log/checkpoints/", "log/cosigned/", "timestamps/")}
        self._ask_early()
        self.log = Log(self.bundle, self.policy, check, self._wanted_sizes())
        check["C2"].run(self.log.read)
        self.is_final = bool(self.log.of("log.closed"))
        self._find_bound_files()
        self._follow_gates()
        for work in (
            self.c6_time, self.c7_signatures, self.c8_roots, self.c9_coverage, self.c10_checkpoints, self.c11_interval, self.c12_witnesses,
            self.c13_timestamps, self.c14_signed, self.c15_fit, self.c16_duties, self.c17_order, self.c20_reread, self.c21_outcomes,
            self.c22_deletions, self.c23_policy, self.c24_fingerprints,
        ):  # fmt: skip
            name = work.__name__.split("_")[0].upper()
            check[name].run(work, check[name])
        check["C19"].run(self._each_workload)

    # -- what several checks need

    def rules(self):
        if not self.policy:
            raise Missing("the policy cannot be read")
        return self.policy

    def _json(self, path):
        if path not in self.files_of_json:
            self.files_of_json[path] = plain_json(self.bundle.read(path))
            if type(self.files_of_json[path]) is not dict:
                raise Bad("no object: " + path)
        return self.files_of_json[path]

    def _sizes(self, folder):
        """Sizes that the file names of a folder name."""
        return {int(name.split(".")[0]) for name in self.bundle.names(folder) if re.fullmatch("(0|[1-9][0-9]{0,15})([.].*)?", name)}

    def _wanted_sizes(self):
        """Sizes whose root some check will ask for."""
        wanted = set().union(*self.sizes.values())
        for name in self.bundle.names("approvals/"):
            if name.endswith(".json"):
                try:
                    wanted.add(self._json("approvals/" + name)["checkpoint"]["size"])
                except (Bad, KeyError, TypeError):
                    pass  # C14 and C15 say what is wrong with it
        for data in self.options.checkpoints:
            try:
                wanted.add(Note(data).size)
            except Bad:
                pass  # C10 says it
        return wanted

    def _ask_early(self):
        """Signatures that will most likely be asked for are verified while the log is read."""
        if not self.policy or self.openssl.lacks:
            return
        for n in sorted(self.sizes["log/checkpoints/"]):
            try:
                data = self.bundle.read("log/checkpoints/%d" % n)
                note = Note(data)
                for signature in note.log_signatures(self.policy.log_key):
                    self.openssl.ask(self.policy.log_key.spki, note.body, signature)
                self.openssl.ask(self.policy.p256, data, self.bundle.read("log/checkpoints/%d.p256.sig" % n), "sha256")
            except Bad:
                pass  # C7 says what is wrong with it

    def _find_bound_files(self):
        """Each file that a record binds is at its place, with its digest; where not, the check fails that reads it. Lists are hashed when they are unpacked."""
        tokens = set()
        for record in self.log.records:
            for item in record.get("evidence", ()):
                name, digest = item["name"], item["sha256"]
                if item.get("confidential"):
                    continue
                check, path = self._place(record, name, digest)
                if name == "token" and record["event"] == "tsa.token":
                    tokens.add(digest)
                if name == "token" and record["event"] != "tsa.token":
                    is_there = digest in tokens
                elif name == "cosigned":
                    is_there = self.checks[check].at(record["seq"], self._holds_cosigned, record, digest)
                else:
                    is_there = path in self.bundle.files and (check in ("C18", "C19") or self.bundle.digests.get(path) == digest)
                if not is_there:
                    self.checks[check].fail("the file that it binds as %s is not in the bundle" % name, record["seq"])

    @staticmethod
    def _place(record, name, digest):
        """(check that reads it, path) of a bound file: section 1."""
        size, nonce = record.get("counts", {}).get("size", -1), record.get("approval", {}).get("nonce")
        stamp = "timestamps/%d.%s" % (size, subject(record))
        places = {
            "policy": ("C23", "trust/policy.json"), "checkpoint": ("C7", "log/checkpoints/%d" % size), "p256": ("C7", "log/checkpoints/%d.p256.sig" % size),
            "cosigned": ("C12", "log/cosigned/%d" % size), "query": ("C13", stamp + ".tsq"), "token": ("C13", stamp + ".tsr"),
            "rows": ("C18", "manifests/%s.gz" % digest), "inventory-set": ("C19", "manifests/%s.gz" % digest), "final-set": ("C19", "manifests/%s.gz" % digest),
        }  # fmt: skip
        if nonce:
            places.update({"approval": ("C14", "approvals/%s.json" % nonce), "signature": ("C14", "approvals/%s.json.sig" % nonce)})
        return places.get(name, ("C1", "evidence/" + digest))

    def _holds_cosigned(self, record, digest):
        """The bytes that a record binds as `cosigned` are the checkpoint and lines of log/cosigned/<n>: that of its witness, or at a gate the first k."""
        n = record.get("counts", {}).get("size", -1)
        note, cosigned = self.bundle.read("log/checkpoints/%d" % n), self.bundle.read("log/cosigned/%d" % n)
        lines = cosigned[len(note) :].splitlines(keepends=True) if cosigned.startswith(note) else []
        if record["event"] == "witness.cosigned":
            by = ("— %s " % subject(record)).encode()
            return any(sha256_hex(note + line) == digest for line in lines if line.startswith(by))
        return any(sha256_hex(note + b"".join(lines[:k])) == digest for k in range(1, len(lines) + 1))

    def _follow_gates(self):
        """Every gate and gap with its approvals, and for each approval and opening the gate or gap that it belongs to."""
        self.gaps, self.gate_of, shown = [], {}, {}
        for record in self.log.of("gate.reached", "gate.opened", "log.gap", *GATE_OF_EVENT):
            event, scope = record["event"], record.get("approval", {}).get("scope_sha256")
            name = GATE_OF_EVENT.get(event) or record.get("approval", {}).get("gate")
            if event == "log.gap":
                self.gaps.append(Gate(record, "gap", bound(record, "scope")))
            elif event == "gate.reached":
                shown[subject(record), name] = Gate(record, name, scope)
            else:
                gaps = (gap for gap in reversed(self.gaps) if gap.scope == scope)
                gate = self.gate_of[record["seq"]] = next(gaps, None) if name == "gap" else shown.get((subject(record), name))
                if gate and gate.scope == scope and event != "gate.opened":
                    gate.approvals.append(record)

    def _approvals_of(self, opened):
        """Those that stand between a `gate.reached` and this `gate.opened`."""
        gate = self.gate_of[opened["seq"]]
        return [approval for approval in gate.approvals if approval["seq"] < opened["seq"]] if gate else []

    def _gap_is_approved(self, gap):
        """By who gave no instruction that was in force at its last approval: a later one changes nothing."""
        return self._seats_filled("gap", gap.approvals, gap.approvals[-1]["seq"] if gap.approvals else gap.seq)

    def _seats_filled(self, name, approvals, seq):
        instructed = [record["actor"]["id"] for record in self.log.of("instruction.received") if record["seq"] < seq]
        return self.rules().seats_filled(name, approvals, instructed[-1] if instructed else None)

    # -- the files and the log

    def c1_files(self, check):
        """SHA256SUMS lists every file and nothing else, and all digests are right. Missing under `confidential/`: told, no failure."""
        bundle, listed, before = self.bundle, {}, ""
        for path in bundle.foreign:
            check.fail("a link, or no file that can be read: " + path)
        bundle.hash_all()
        if "SHA256SUMS" not in bundle.files:
            raise Bad("missing: SHA256SUMS")
        with bundle.open("SHA256SUMS") as sums:
            for number, line in enumerate(iter(lambda: sums.readline(4096), b""), 1):
                found = re.fullmatch(rb"([0-9a-f]{64})  ([^\x00-\x1f\x7f]+)\n", line)
                path = found.group(2).decode("utf-8", "replace") if found else ""
                if not found or path.startswith("/") or "\\" in path or any(part in ("", ".", "..") for part in path.split("/")):
                    check.fail("line %d of SHA256SUMS has no form" % number)
                elif path <= before:
                    check.fail("SHA256SUMS is not sorted, or names a file twice: " + path)
                else:
                    listed[path] = found.group(1).decode()
                    before = path
        for path, digest in listed.items():
            if path not in bundle.files and path.startswith("confidential/"):
                self.withheld += 1
            elif path not in bundle.files:
                check.fail("missing: " + path)
            elif bundle.digests[path] != digest:
                check.fail("other bytes than SHA256SUMS says: " + path)
        for path in sorted(bundle.files.keys() - listed.keys() - {"SHA256SUMS"}):
            check.fail("not listed: " + path)
        if self.withheld:
            check.note("%d files of confidential/ are withheld" % self.withheld)
        check.note("%d files" % len(listed))

    def c6_time(self, check):
        """Times never decrease; for each timestamp over checkpoint n: records below n are not later than its time + 300 s, and records from its
        `tsa.token` record on not earlier than its time − 300 s; the same with the times of cosignatures and `witness.cosigned`; no record later
        than the verifier's clock + 300 s."""
        log = self.log
        if log.time > moment_of(self.options.now_ms + TOLERANCE_MS):
            check.fail("the newest record is later than your clock", log.tree.size - 1)
        told = {}
        for record in log.of("tsa.token", "witness.cosigned"):
            check.about(record["seq"])
            told.setdefault((record["event"], record["counts"].get("size"), subject(record)), record)
        for event, n, who, at_ms in self._sightings():
            what = "%s checkpoint %d" % ("timestamp over" if event == "tsa.token" else "cosignature of", n)
            if n in log.times and milliseconds(log.times[n]) > at_ms + TOLERANCE_MS:
                check.fail("is later than the " + what, n - 1)
            record = told.get((event, n, who))
            if record and milliseconds(record["time"]) < at_ms - TOLERANCE_MS:
                check.fail("is earlier than the " + what, record["seq"])

    def _sightings(self):
        """(event that tells of it, n, who, when in milliseconds) of each time at which an outsider saw checkpoint n."""
        for n, name, file in self._tokens():
            try:
                yield "tsa.token", n, name, token_time(self.bundle.read(file))
            except Bad:
                pass  # C13 says what is wrong with it
        for n in sorted(self.sizes["log/cosigned/"]) if self.policy else ():
            for key, _ in self.policy.witnesses:
                try:
                    for seconds, _ in Note(self.bundle.read("log/cosigned/%d" % n)).cosignatures(key):
                        yield "witness.cosigned", n, key.name, seconds * 1000
                except Bad:
                    pass  # C12 says what is wrong with it

    def _tokens(self):
        """(n, authority, path) of each response in timestamps/."""
        for name in self.bundle.names("timestamps/"):
            found = re.fullmatch(r"(0|[1-9][0-9]{0,15})\.([a-z0-9][a-z0-9-]{0,30})\.tsr", name)
            if found:
                yield int(found.group(1)), found.group(2), "timestamps/" + name

    # -- signatures and outsiders

    def c7_signatures(self, check):
        """Each checkpoint: origin, size = file name, the log's signature and the P-256 signature by the keys in force."""
        self.rules()
        self.keys = self._key_history(check)
        sizes = sorted(self.sizes["log/checkpoints/"])
        for name in self.bundle.names("log/checkpoints/"):
            if not re.fullmatch(r"(0|[1-9][0-9]{0,15})(\.p256\.sig)?", name):
                check.fail("no checkpoint: log/checkpoints/" + name)
        if not sizes:
            raise Bad("no checkpoint")
        for seq, _, _, previous in self.keys[1:]:
            first = next((n for n in sizes if n > seq), None)
            if first is not None and not is_signed(self.openssl, self._note_at("log/checkpoints/", first), previous):
                check.fail("checkpoint %d follows a rotation, and is not signed by the previous key" % first, seq)
        for n in sizes:
            check.run(self._check_checkpoint, n, check)
        for record in self.log.of("checkpoint.published"):
            check.about(record["seq"])
        check.note("%d checkpoints, %d key%s" % (len(sizes), len(self.keys), "" if len(self.keys) == 1 else "s"))

    def _key_history(self, check):
        """[(from seq, log key, P-256 key, previous log key)], oldest first."""
        history = []
        for record in self.log.of("key.ceremony"):
            seq, digest = record["seq"], bound(record, "ceremony")
            check.about(seq)
            if not digest:
                raise Bad("record %d binds no ceremony" % seq)
            said = self._json("evidence/" + digest)
            if not CEREMONY(said):
                raise Bad("the ceremony of record %d breaks its form" % seq)
            key, p256, rules = VerifierKey(said["log"], 1), decode_p256(said["p256"]), self.policy.rules["keys"]
            if not history:
                if seq != 1 or said["reason"] != "first" or (said["log"], said["p256"]) != (rules["log"], rules["p256"]):
                    raise Bad("the first ceremony is not that of the policy's keys")
                history.append((seq, key, p256, None))
            else:
                if said["reason"] != "rotation" or said.get("previous") != history[-1][1].text:
                    raise Bad("the ceremony of record %d does not follow from the one before" % seq)
                history.append((seq, key, p256, history[-1][1]))
        if not history:
            raise Bad("no key.ceremony")
        return history

    def _in_force(self, n):
        found = [entry for entry in self.keys if entry[0] < n]
        if not found:
            raise Bad("no key is in force at size %d" % n)
        return found[-1]

    def _note_at(self, folder, n):
        note = Note(self.bundle.read("%s%d" % (folder, n)))
        if note.origin != self.rules().rules["log"]:
            raise Bad("%s%d is of another log" % (folder, n))
        if note.size != n:
            raise Bad("%s%d says another size" % (folder, n))
        return note

    def _check_log_lines(self, note, n, check, where):
        """The key in force signed it; every other known key's line verifies too."""
        _, key, _, _ = self._in_force(n)
        if key.name != note.origin or not is_signed(self.openssl, note, key):
            check.fail("%s is not signed by the log's key in force" % where)
        for _, other, _, _ in self.keys:
            if other is not key and note.log_signatures(other) and not is_signed(self.openssl, note, other):
                check.fail("%s holds a wrong signature of a known key" % where)

    def _check_checkpoint(self, n, check):
        where = "checkpoint %d" % n
        self._check_log_lines(self._note_at("log/checkpoints/", n), n, check, where)
        data, signature = self.bundle.read("log/checkpoints/%d" % n), self.bundle.read("log/checkpoints/%d.p256.sig" % n)
        if not self.openssl.ask(self._in_force(n)[2], data, signature, "sha256").result():
            check.fail("%s is not signed by the log's P-256 key in force" % where)

    def c8_roots(self, check):
        """Each checkpoint's root is that of the first n records (so each extends the one before); n ≤ `size`."""
        for n in sorted(self.sizes["log/checkpoints/"]):
            note = check.run(lambda n=n: Note(self.bundle.read("log/checkpoints/%d" % n)))
            if n > self.log.tree.size:
                check.fail("checkpoint %d covers more than the %d records" % (n, self.log.tree.size))
            elif note and note.root != self.log.roots.get(n):
                check.fail("the root of checkpoint %d is not that of the first %d records" % (n, n))

    def c9_coverage(self, check):
        """The newest checkpoint covers all records; *final*: `log.closed` is the last, its `counts.records` is its seq; no record after a `log.closed`."""
        newest, size = max(self.sizes["log/checkpoints/"], default=0), self.log.tree.size
        if newest != size or not size:
            check.fail("the newest checkpoint covers %d of %d records" % (newest, size))
        for record in self.log.of("log.closed"):
            check.about(record["seq"])
            if record["seq"] != size - 1:
                check.fail("records stand after it", record["seq"])
            if record["counts"].get("records") != record["seq"]:
                check.fail("counts.records is not its seq", record["seq"])

    def c10_checkpoints(self, check):
        """The checkpoints that the auditor brings (`--checkpoint FILE`, as often as wanted): same origin, signed, size ≤ `size`, same root.
        Without any: YOURS."""
        if not self.options.checkpoints:
            check.otherwise = "YOURS"
            check.note("give the checkpoints that you kept: --checkpoint FILE")
        for number, data in enumerate(self.options.checkpoints, 1):
            check.run(self._check_yours, data, "your checkpoint no. %d" % number, check)

    def _check_yours(self, data, where, check):
        note = Note(data)
        if note.origin != self.rules().rules["log"]:
            raise Bad(where + " is of another log")
        if note.size > self.log.tree.size:
            raise Bad("%s covers %d records; the bundle has %d" % (where, note.size, self.log.tree.size))
        if note.root != self.log.roots.get(note.size):
            raise Bad("%s, over %d records, has another root" % (where, note.size))
        self._check_log_lines(note, note.size, check, where)
        check.note("%s, over %d records, was compared" % (where, note.size))

    def c11_interval(self, check):
        """From `log.opened` on, no record and no next checkpoint later than `every_seconds` + 300 s after the last `checkpoint.published` — but
        inside a `log.gap` whose approvals fill the seats of gate `gap`; the time counts anew from its `to`."""
        interval, approved = self.rules().rules["checkpoint"]["every_seconds"] * 1000 + TOLERANCE_MS, []
        for gap in self.gaps:
            start, end = gap.record["gap"]["from"], gap.record["gap"]["to"]
            if end > moment_of(milliseconds(gap.record["time"]) + TOLERANCE_MS):
                check.fail("a gap that ends after its own record", gap.seq)
            elif self._gap_is_approved(gap):
                approved.append((start, moment_of(milliseconds(end) + interval)))
                check.note("record %d: an approved gap from %s to %s" % (gap.seq, start, end))
        since = reach = told = None
        for record in self.log.records:
            if reach and record["time"] > reach and told != since:
                told = since
                check.fail("no checkpoint was published after %s in the interval that the policy allows" % since, record["seq"])
            if record["event"] == "checkpoint.published" or since is None:
                check.about(record["seq"])
                since = record["time"]
                reach = moment_of(milliseconds(since) + interval)
                for start, end in sorted(approved):
                    reach = max(reach, end) if start <= reach else reach

    def c12_witnesses(self, check):
        """The newest checkpoint, and each one that a `witnessed` gate opened with, is cosigned by the quorum, each witness of the policy, of
        different organisations; every `cosigned/<n>` has the body of `checkpoints/<n>`. Quorum 0: NA."""
        if not self.rules().rules["witness_quorum"]:
            check.otherwise = "NA"
            return
        for n in sorted(self.sizes["log/cosigned/"]):
            if Note(self.bundle.read("log/cosigned/%d" % n)).body != Note(self.bundle.read("log/checkpoints/%d" % n)).body:
                check.fail("cosigned/%d is not over the body of checkpoint %d" % (n, n))
        check.run(self._check_quorum, max(self.sizes["log/checkpoints/"], default=0), check, None)
        for record in self.log.of("gate.opened"):
            gate, seq, size = self.policy.gate(record["approval"].get("gate")), record["seq"], record.get("counts", {}).get("size", 0)
            if gate and gate["witnessed"]:
                check.about(seq)
                if not bound(record, "cosigned") or not bound(record, "checkpoint"):
                    check.fail("opens a witnessed gate without a cosigned checkpoint", seq)
                elif any(approval["seq"] >= size for approval in self._approvals_of(record)):
                    check.fail("its checkpoint does not cover its approvals", seq)
                else:
                    check.at(seq, self._check_quorum, size, check, seq)

    def _check_quorum(self, n, check, seq):
        if "log/cosigned/%d" % n not in self.bundle.files:
            check.fail("checkpoint %d is not cosigned" % n, seq)
            return
        note, rules, organisations = self._note_at("log/cosigned/", n), self.policy.rules, set()
        for key, organisation in self.policy.witnesses:
            for seconds, signature in note.cosignatures(key):
                if not self.openssl.ask(key.spki, note.cosigned_text(seconds), signature).result():
                    check.fail("checkpoint %d holds a wrong cosignature" % n, seq)
                elif not (self.policy.is_production and organisation == rules["operator"]):
                    organisations.add(organisation)
        if len(organisations) < rules["witness_quorum"]:
            check.fail("checkpoint %d is cosigned by %d of %d organisations" % (n, len(organisations), rules["witness_quorum"]), seq)

    def c13_timestamps(self, check):
        """Each gate that asks for one: its `gate.opened` binds a token over its checkpoint, which covers all its approvals; imprint right, chain to
        the authority's root in the policy (at the token's time), `qualified` where asked. Every token in `timestamps/` verifies."""
        rules, tokens, asked = self.rules(), {}, 0
        for n, name, file in self._tokens():
            tokens[self.bundle.digests[file]] = (n, name)
            check.run(self._check_token, n, name, file)
        for record in self.log.of("gate.opened"):
            gate, seq, size = rules.gate(record["approval"].get("gate")), record["seq"], record.get("counts", {}).get("size", 0)
            if not gate or gate["timestamp"] == "none":
                continue
            asked += 1
            check.about(seq)
            found = [tokens[item["sha256"]] for item in record["evidence"] if item["name"] == "token" and item["sha256"] in tokens]
            found = [name for n, name in found if n == size and name in rules.authorities]
            if not found or not bound(record, "checkpoint"):
                check.fail("opens a gate without a timestamp over its checkpoint", seq)
            elif any(approval["seq"] >= size for approval in self._approvals_of(record)):
                check.fail("its timestamp does not cover its approvals", seq)
            elif gate["timestamp"] == "qualified" and not any(rules.authorities[name]["qualified"] for name in found):
                check.fail("its timestamp is of no qualified authority", seq)
        if not tokens and not asked:
            check.otherwise = "NA"
        check.note("%d timestamps" % len(tokens))

    def _check_token(self, n, name, file):
        authority = self.policy.authorities.get(name)
        if not authority:
            raise Bad(file + " is of no authority of the policy")
        response = self.bundle.read(file)
        at = token_time(response) // 1000
        if not self.openssl.timestamp(response, self.bundle.read("log/checkpoints/%d" % n), authority["ca"].encode(), at):
            raise Bad(file + " does not verify")

    # -- approvals

    def _signed_approvals(self, check):
        """Approvals that say that they are signed."""
        found = []
        for record in self.log.of(*GATE_OF_EVENT):
            if "nonce" in record["approval"] or "file_sha256" in record["approval"] or record["actor"]["auth"] == "sshsig":
                check.about(record["seq"])
                found.append(record)
        if not found:
            check.otherwise = "NA"
        return found

    def c14_signed(self, check):
        """Each approval record with a file: the file and signature are those of its digests; SSHSIG namespace `approval-v1@ecluse`, hash sha256 or
        sha512, made by the key of that approver in the policy, valid at the record's time; `presence` shown (flags byte: 01 touch, 04 pin);
        `key_fpr` right."""
        for record in self._signed_approvals(check):
            check.at(record["seq"], self._check_signature, record)

    def _check_signature(self, record):
        approval, rules = record["approval"], self.rules()
        if "nonce" not in approval or approval.get("file_sha256") is None:
            raise Bad("says that it is signed, and names no file")
        path = "approvals/%s.json" % approval["nonce"]
        message, signature = self.bundle.read(path), self.bundle.read(path + ".sig")
        if sha256_hex(message) != approval["file_sha256"] or bound(record, "approval") != approval["file_sha256"]:
            raise Bad("the signed file is not that of its digest")
        if sha256_hex(signature) != bound(record, "signature"):
            raise Bad("the signature is not that of its digest")
        blob, question, flags = sshsig(signature, message)
        said = approval["approver"]
        entry = next((entry for entry in rules.approvers.get(said["id"], []) if entry["blob"] == blob), None)
        if not entry:
            raise Bad("signed by a key that is not this approver's")
        if said.get("key_fpr") != entry["fingerprint"]:
            raise Bad("key_fpr is not the fingerprint of the key")
        if not milliseconds(entry["valid_after"]) <= milliseconds(record["time"]) <= milliseconds(entry["valid_before"]):
            raise Bad("the key was not valid at the time of the record")
        needed = {"none": 0, "touch": 1, "pin": 4}[entry.get("presence", "none")]
        if needed and (flags is None or flags & needed != needed):
            raise Bad("the hardware key did not show what the policy asks")
        if not self.openssl.ask(*question).result():
            raise Bad("the signature is wrong")

    def c15_fit(self, check):
        """Project, gate, approver, scope and nonce of file and record agree; the scope is the one of the newest `gate.reached` of this workload and
        gate; the checkpoint's size is above that record's seq and ≤ the approval's seq, its root right; record time within `not_before` and
        `expires`; no nonce twice; at finalize and discard `verified_roots` are the scope's `catalogue`."""
        nonces = set()
        for record in self._signed_approvals(check):
            number = record["approval"].get("nonce")
            if number in nonces:
                check.fail("its nonce stands in an earlier approval", record["seq"])
            nonces.add(number)
            check.at(record["seq"], self._check_fit, record)
        for record in self.log.of("gate.reached", "log.gap"):
            check.at(record["seq"], self._check_shown, record)

    def _check_fit(self, record):
        approval, actor, seq, gate, reached = record["approval"], record["actor"], record["seq"], GATE_OF_EVENT[record["event"]], self.gate_of[record["seq"]]
        data = self.bundle.read("approvals/%s.json" % approval.get("nonce"))
        said = canonical(data[:-1]) if data.endswith(b"\n") else None
        if not APPROVAL_FILE(said):
            raise Bad("the signed file breaks its form")
        if not reached:
            raise Bad("approves what no gate showed")
        who = {"id": actor["id"], "org": actor.get("org"), "role": actor.get("role")}
        if "on_behalf_of" in actor:
            who["on_behalf_of"] = actor["on_behalf_of"]
        recorded = {key: approval["approver"].get(key) for key in ("id", "org", "role")}
        scope = self._json("evidence/" + reached.scope)
        fits = (
            ("project", said["project"] == self.log.project),
            ("subject", said["subject"] == ("record %d" % reached.seq if gate == "gap" else subject(record))),
            ("gate", said["gate"] == gate == approval.get("gate")),
            ("approver", said["approver"] == who and recorded.items() <= who.items() and (actor["type"], actor["auth"]) == ("person", "sshsig")),
            ("nonce", said["nonce"] == approval["nonce"]),
            ("scope", said["scope_sha256"] == approval["scope_sha256"] == reached.scope),
            ("checkpoint's size", reached.seq < said["checkpoint"]["size"] <= seq),
            ("checkpoint's root", self.log.roots.get(said["checkpoint"]["size"], b"").hex() == said["checkpoint"]["root"]),
            ("time", said["not_before"] <= record["time"] <= said["expires"]),
            ("verified roots", gate not in ("finalize", "discard") or said["verified_roots"] == scope.get("catalogue")),
        )
        wrong = [name for name, is_right in fits if not is_right]
        if wrong:
            raise Bad("does not fit: " + ", ".join(wrong))

    def _check_shown(self, record):
        """What a gate or a gap shows is the scope that it binds, and that is its own."""
        digest, gap = bound(record, "scope"), record.get("gap")
        scope = self._json("evidence/" + digest) if digest else {}
        gate = "gap" if gap else record["approval"].get("gate")
        own = {"v": 1, "project": self.log.project, "gate": gate}
        own.update(gap if gap else {"workload": subject(record)})
        if not own.items() <= scope.items() or gate not in GATES or not (gap or record["approval"]["scope_sha256"] == digest):
            raise Bad("shows another scope than its own")

    def c16_duties(self, check):
        """Every `gate.opened` (and approved gap): its approvals, between `gate.reached` and it, with its scope, fill all seats; `client-asserted` only
        where there is no seat."""
        for record in self.log.of(*GATE_OF_EVENT):
            if record["actor"]["auth"] != "sshsig" and self.rules().gate(GATE_OF_EVENT[record["event"]])["seats"]:
                check.fail("is not signed, and its gate has seats", record["seq"])
        for record in self.log.of("gate.opened"):
            gate, seq = self.gate_of[record["seq"]], record["seq"]
            check.about(seq)
            if not gate or gate.name not in GATES:
                check.fail("opens a gate that was not reached", seq)
            elif gate.scope != record["approval"]["scope_sha256"]:
                check.fail("opens another scope than the gate showed", seq)
            elif not check.at(seq, self._seats_filled, gate.name, self._approvals_of(record), seq):
                check.fail("the approvals before it do not fill the seats of the gate " + gate.name, seq)
        for gap in self.gaps:
            if gap.approvals and not check.at(gap.seq, self._gap_is_approved, gap):
                check.fail("the approvals of this gap do not fill its seats", gap.seq)
        if not check.looked_at and not self.gaps:
            check.otherwise = "NA"

    # -- acts

    def c17_order(self, check):
        """The table of section 5."""
        newest = {}  # (workload, what) → seq of the newest
        for record in self.log.of(
            "transfer.started", "step.started", "step.succeeded", "listing.compared", "reconciliation.closed", "rollback.finished", "deletion.intent",
            "gate.reached", "gate.opened",
        ):  # fmt: skip
            event, seq, workload = record["event"], record["seq"], subject(record)
            at = lambda what: newest.get((workload, what), -1)
            problem = self._out_of_order(record, at)
            if problem:
                check.fail(problem, seq)
            if event.startswith("gate."):
                newest[workload, "%s %s" % (event, record["approval"].get("gate"))] = seq
            elif event.startswith("step."):
                newest[workload, "%s %s" % (event, record["act"]["name"])] = seq
            elif event == "listing.compared":
                for side in ("source", "target"):
                    if "/%s/" % side in record["act"]["name"]:
                        newest[workload, "compared " + side] = seq if record["verdict"] == "PASS" else -1
            else:
                newest[workload, event] = seq
            if event in ("deletion.intent", "transfer.started") or (event.startswith("step.") and record["act"]["name"] in ("freeze-source", "cut-over", "finalize")):
                check.about(seq)
        for record in self.log.of("breakglass.opened"):
            for event in ("breakglass.closed", "breakglass.reviewed"):
                if self.is_final and not any(later["seq"] > record["seq"] for later in self.log.of(event)):
                    check.fail("an emergency right without its " + event, record["seq"])

    @staticmethod
    def _out_of_order(record, at):
        """`at(what)`: seq of the newest of it so far, or −1."""
        event, name, reasons = record["event"], record.get("act", {}).get("name"), record.get("reasons", ())
        frozen, cut_over = at("step.started freeze-source"), at("step.succeeded cut-over")
        if event == "transfer.started" and at("gate.reached loss") >= 0 and at("gate.opened loss") < 0:
            return "copies before the gate of losses opened"
        if event == "step.started" and name == "freeze-source" and at("gate.opened cutover") <= at("rollback.finished"):
            return "freezes the source before the gate of the cutover opened"
        if event == "step.succeeded" and name == "cut-over" and min(at("compared source"), at("compared target"), at("reconciliation.closed")) <= frozen:
            return "cuts over before both closing listings were equal and the reconciliation was closed"
        if event == "step.started" and name == "finalize" and (cut_over < 0 or at("gate.opened finalize") <= cut_over):
            return "finalizes before the gate opened"
        if event == "deletion.intent" and "ORDERED" in reasons and at("gate.opened discard") < 0:
            return "removes by order before the gate of the discard opened"
        if event == "deletion.intent" and "UNWIND" in reasons and cut_over > at("rollback.finished"):
            return "undoes a replication after the cutover"
        if event == "deletion.intent" and not {"ORDERED", "UNWIND"} & set(reasons):
            return "removes for no reason that the format has"
        return None

    def c21_outcomes(self, check):
        """Each `step.started` has a later `step.succeeded` or `step.failed`, each `step.undo_started` a later `step.undo_finished` or
        `step.undo_failed`, each `deletion.intent` a later `deletion.outcome`, of the same unit and `act.name` (an act taken up again in a later turn
        shows how the earlier one ended); without one: UNKNOWN (interim: pending)."""
        pending = {}
        for record in self.log.of(*INTENTS, *OUTCOME_OF):
            what = (OUTCOME_OF.get(record["event"], record["event"]), record.get("unit", {}).get("kind"), subject(record), record["act"]["name"])
            if record["event"] in INTENTS:
                pending.setdefault(what, record["seq"])
            else:
                pending.pop(what, None)
        if self.is_final:
            for seq in sorted(pending.values()):
                check.unknown("has no outcome", seq)
        elif pending:
            self.pending_acts = len(pending)
            check.note("%d acts pending" % len(pending))

    def c22_deletions(self, check):
        """Each `deletion.outcome`: removed + gone + left = the intent's `unit.count` where it has one; *final*: left = 0 needs a `deletion.absence`
        of the unit after it; one with PASS settles it, else the newest one's verdict is the result (UNKNOWN with reason `SHARED_BUCKET`: the bucket
        was there before), and without one FAIL. Sources: each `certificate.issued`
        has its `deletion`, the absence probes of every category it names, `ordered_at` ≥ acceptance + cooling-off. None: NA."""
        intended, unseen = {}, {}  # unseen: seq of an outcome with nothing left → what of, and the newest absence since that is no PASS
        for record in self.log.of("deletion.intent", "deletion.outcome", "deletion.absence"):
            event, seq, what = record["event"], record["seq"], (record["unit"]["kind"], record["unit"]["ref"])
            check.about(seq)
            if event == "deletion.intent":
                intended[what, record["act"]["name"]] = record["unit"].get("count")
            elif event == "deletion.outcome":
                counted = [record["counts"].get(name, 0) for name in ("removed", "gone", "left")]
                planned = intended.get((what, record["act"]["name"]), -1)
                if planned == -1:
                    check.fail("an outcome without an intent", seq)
                elif planned is not None and sum(counted) != planned:
                    check.fail("removed, gone and left are not what was intended", seq)
                if counted[2] == 0:
                    unseen[seq] = (what, None)
            elif record["verdict"] == "PASS":
                unseen = {at: found for at, found in unseen.items() if found[0] != what}
            else:
                unseen = {at: (of, record["verdict"] if of == what else found) for at, (of, found) in unseen.items()}
        for seq, (_, found) in sorted(unseen.items()) if self.is_final else ():
            if found == "UNKNOWN":
                check.unknown("no listing can show whether anything was left", seq)
            else:
                check.fail("something was left" if found else "nobody looked whether anything was left", seq)
        for record in self.log.of("certificate.issued"):
            check.about(record["seq"])
            self._check_certificate(record, check)
        if not check.looked_at:
            check.otherwise = "NA"

    def _check_certificate(self, record, check):
        deletion, seq = record["deletion"], record["seq"]
        if not set(deletion["categories_checked"]) <= {probe["probe"] for probe in deletion["absence"]}:
            check.fail("names categories without a probe of their absence", seq)
        accepted = [one["time"] for one in self.log.of("acceptance.signed") if one["seq"] < seq and subject(one) == subject(record)]
        cooling_off = self.rules().rules["cooling_off_days"] * 86_400_000
        if not accepted or milliseconds(deletion["ordered_at"]) < milliseconds(accepted[-1]) + cooling_off:
            check.fail("was ordered before the acceptance and the cooling-off", seq)

    # -- lists

    def _each_workload(self):
        """C18, C19 and C20 of each workload. Each rows file is read once, and its rows are laid out by reference."""
        workloads = {}
        for record in self.log.of(
            "inventory.sealed", "batch.verified", "batch.restated", "reconciliation.closed", "transfer.started", "rollback.ordered", "deletion.intent"
        ):
            workload = workloads.setdefault(subject(record), Workload(subject(record)))
            {"inventory": workload.inventories, "batch": workload.batches, "reconciliation": workload.reconciliations}.get(
                record["event"].split(".")[0], workload.orders
            ).append(record)
        for name in ("C18", "C20") if not any(workload.batches for workload in workloads.values()) else ():
            self.checks[name].otherwise = self.checks[name].otherwise if self.checks[name].looked_at else "NA"
        for number, workload in enumerate(workloads[name] for name in sorted(workloads)):
            closed = workload.reconciliations[-1] if workload.reconciliations else None
            until = closed["seq"] if closed else self.log.tree.size
            unwound = max((one["seq"] for one in workload.orders if "UNWIND" in one.get("reasons", ()) and one["seq"] < until), default=-1)
            counting = [batch for batch in workload.batches if unwound < batch["seq"] < until] if closed else []
            rows = RowsByReference(self.scratch, number, [batch["seq"] for batch in counting], sum(batch["unit"].get("count", 0) for batch in counting))
            is_readable = True
            for batch in workload.batches:
                taken = rows if batch in counting else None
                is_readable = self.checks["C18"].at(batch["seq"], self.c18_batch, batch, taken, self.checks["C18"]) is True and is_readable
            self.checks["C19"].run(self.c19_reconciliation, workload, rows, is_readable, self.checks["C19"])
            rows.close()
        if not any(workload.inventories or workload.reconciliations for workload in workloads.values()):
            self.checks["C19"].otherwise = "NA"
        if self.pending_workloads and not self.is_final:
            self.checks["C19"].note("%d workloads pending" % self.pending_workloads)

    def c18_batch(self, record, rows, check):
        """Each rows file is there, has its digest, well-formed rows, the counts, and a verdict as section 6 says. True when it can be read."""
        found = [item for item in record["evidence"] if item["name"] == "rows"]
        if len(found) != 1:
            raise Bad("binds no rows file, or several")
        seq, digest = record["seq"], found[0]["sha256"]
        check.about(seq)
        number, verdicts = -1, {"PASS": 0, "FAIL": 0, "UNKNOWN": 0}
        for line in self.bundle.unpacked(digest, int(found[0]["size_bytes"])):
            row = plain_json(line)
            if number < 0:
                if not SALT_ROW(row):
                    raise Bad("the rows begin without a salt")
            elif not ROW(row) or row["i"] != number:
                raise Bad("row %d breaks its form" % number)
            else:
                verdicts[row["verdict"]] += 1
                unequal = not_reread(row)
                if unequal:
                    self.checks["C20"].fail("row %d passes without %s" % (number, unequal), seq)
                if rows:
                    rows.add(row, seq, digest)
            number += 1
        if number != record["unit"].get("count"):
            raise Bad("has other rows than its unit counts")
        if record["counts"] != {name.lower(): many for name, many in verdicts.items()}:
            check.fail("its counts are not those of its rows", seq)
        if record["verdict"] != ("FAIL" if verdicts["FAIL"] else "UNKNOWN" if verdicts["UNKNOWN"] else "PASS"):
            check.fail("its verdict does not follow from its rows", seq)
        return True

    def c20_reread(self, check):
        """Every PASS row of a copied or adopted object (but delete markers, whose `sourceEtag` is empty) has `sha256` = `targetSha256` of equal form
        and `chunkBytes`, and `metadata` = `targetMetadata` where it has both (`not_reread`); no `gate.opened` of `finalize` while the newest
        reconciliation's verdict is not PASS."""
        newest = {}
        for record in self.log.of("reconciliation.closed", "gate.opened", "batch.verified", "batch.restated"):
            if record["event"] == "reconciliation.closed":
                newest[subject(record)] = record["verdict"]
            elif record["event"].startswith("batch."):
                check.about(record["seq"])
            elif record["approval"].get("gate") == "finalize" and newest.get(subject(record)) != "PASS":
                check.fail("opens finalize while the newest reconciliation is not PASS", record["seq"])

    def c19_reconciliation(self, workload, rows, is_readable, check):
        """Each set has its digests, order, counts; every reference of an inventory, and every one that has a row in a batch that counts, is in the
        workload's final set, once, and no other but one that is `left`; each final row names the deciding row, and its state follows by the table of
        section 6; counts add up. *Final*: every workload with an `inventory.sealed` has one, none pending; a state `unknown` or `changed` gives UNKNOWN, `failed`
        FAIL. Interim: workloads without one, or with newer batches or removals, are counted as pending.
        Rows that cannot be read (C18) make it UNKNOWN."""
        closed = workload.reconciliations[-1] if workload.reconciliations else None
        seq = closed["seq"] if closed else -1
        removals = [record for record in workload.orders if record["event"] == "deletion.intent"]
        if any(record["seq"] > seq for record in workload.batches + workload.inventories + (removals if closed else [])):
            self.pending_workloads += 1
            if self.is_final:
                check.fail("%s: not reconciled after its last batch" % workload.name, seq if closed else None)
        for record in workload.inventories + workload.reconciliations:
            check.about(record["seq"])
            if record is not closed and not (record in workload.inventories and record["seq"] < seq):
                check.at(record["seq"], lambda record=record: all(True for _ in self._set_rows(record, workload)))
        if closed and not is_readable:
            check.unknown("its rows cannot be relied on (C18)", seq)
        elif closed:
            check.at(seq, self._reconcile, workload, closed, rows, check)

    def _index(self, record, workload):
        kind, form = ("inventory", INVENTORY_INDEX) if record["event"] == "inventory.sealed" else ("final", FINAL_INDEX)
        found = [item for item in record["evidence"] if item["name"] == kind + "-set"]
        if len(found) != 1:
            raise Bad("binds no %s set, or several" % kind)
        lines = list(itertools.islice(self.bundle.unpacked(found[0]["sha256"], min(INDEX_BYTES, int(found[0]["size_bytes"])), is_list=False), 2))
        index = canonical(lines[0]) if len(lines) == 1 else None
        if not form(index):
            raise Bad("the %s set of %s breaks its form" % (kind, workload.name))
        if index["workload"] != workload.name:
            raise Bad("a set is of another workload")
        if len(index["buckets"]) != 1 << index["bits"] or sum(bucket["count"] for bucket in index["buckets"]) != index["count"]:
            raise Bad("the buckets of a set do not add up")
        return index

    def _set_rows(self, record, workload):
        """All rows of a set, ascending by reference; the bytes of each bucket have their digest."""
        index, before = self._index(record, workload), ""
        form = FINAL_ROW if index["kind"] == "final" else INVENTORY_ROW
        for number, bucket in enumerate(index["buckets"]):
            rows = 0
            for line in self.bundle.unpacked(bucket["sha256"], bucket["count"] * 1024):
                row = canonical(line)
                if not form(row) or row["ref"] <= before or int(row["ref"][:4], 16) >> (16 - index["bits"]) != number:
                    raise Bad("a bucket of the %s set breaks its form or order" % index["kind"])
                before, rows = row["ref"], rows + 1
                yield row
            if rows != bucket["count"]:
                raise Bad("a bucket of the %s set has another count" % index["kind"])

    def _reconcile(self, workload, closed, rows, check):
        """Final set, deciding rows and inventories side by side, in the order of their references."""
        seq, found, listed = closed["seq"], {}, 0
        inventories = [record for record in workload.inventories if record["seq"] < seq]
        ending = self._ending(workload, closed, inventories)
        streams = [self._set_rows(closed, workload), rows.deciding()] + [self._set_rows(record, workload) for record in inventories]
        for ref, (final, row, *held) in aligned(streams):
            newest = held[-1] if held else None
            listed += newest is not None
            if not final:
                check.fail("%s: not in the final set: %s" % (workload.name, ref), seq)
                continue
            count, size = found.get(final["state"], (0, 0))
            found[final["state"]] = (count + 1, size + int(final["size_bytes"]))
            last_held = next((item for item in reversed(held) if item), None)
            expected = ending.row_of(ref, row, newest and int(newest["size_bytes"]), last_held and last_held["size_bytes"])
            is_known = row or last_held or final.get("left")
            if not ending.is_withdrawn or ending.all_left:
                final = dict(final, left=final.get("left", False))
            else:  # what a removal left alone is known from its own lists only
                final.pop("left", None)
                expected.pop("left")
            wrong = [] if is_known else ["ref"]
            wrong += [key for key in sorted(expected.keys() | final.keys()) if expected.get(key) != final.get(key)]
            if wrong:
                check.fail("%s: its %s does not follow: %s" % (workload.name, ", ".join(wrong), ref), seq)
        self._check_counts(closed, self._index(closed, workload), found, listed, check)

    def _ending(self, workload, closed, inventories):
        """What decides how the references of a reconciliation end."""
        seq, accepted, ordered = closed["seq"], set(), None
        for record in self.log.of("loss.accepted"):
            if subject(record) == workload.name and record["seq"] < seq:
                accepted.update(code for code in self._json("evidence/" + record["approval"]["scope_sha256"]).get("losses", []) if type(code) is str)
        for record in workload.orders:
            if record["seq"] < seq and "UNWIND" not in record.get("reasons", ()):
                ordered = None if record["event"] == "transfer.started" else record["event"]
        is_withdrawn = "WITHDRAWN" in closed.get("reasons", ())
        if is_withdrawn and not ordered:
            raise Bad("says withdrawn, and nobody ordered a rollback or a discard")
        return Ending(accepted, is_withdrawn, is_withdrawn and ordered == "rollback.ordered", inventories[-1]["seq"] if inventories else None)

    def _check_counts(self, closed, index, found, listed, check):
        seq, counts = closed["seq"], dict(closed["counts"])
        inventoried = counts.pop("inventoried", None)
        if index["states"] != {state: {"count": many, "size_bytes": str(size)} for state, (many, size) in found.items()}:
            check.fail("the states of the final set are not those of its rows", seq)
        if {state: many for state, many in counts.items() if many} != {state: many for state, (many, _) in found.items()}:
            check.fail("the counts of the reconciliation are not those of the final set", seq)
        if inventoried != listed:
            check.fail("the newest inventory holds %d references, which counts.inventoried does not say" % listed, seq)
        bad = [state for state in found if state not in GOOD_STATES]
        if closed["verdict"] != ("FAIL" if "failed" in bad else "UNKNOWN" if bad else "PASS"):
            check.fail("the verdict of the reconciliation does not follow from its states", seq)
        for state in bad if self.is_final else ():
            (check.fail if state == "failed" else check.unknown)("%d objects end as %s" % (found[state][0], state), seq)

    # -- the rest

    def c23_policy(self, check):
        """Its digest is that of `log.opened` (`policy.sha256`, and the evidence), its class too; for `production` at least the minimum; `trust/` files
        equal it; every field of `demands` is in each `batch.verified`."""
        policy, first = self.rules(), self.log.records[0] if self.log.records else {}
        check.about(0)
        opened = first.get("policy", {}) if first.get("event") == "log.opened" else {}
        if policy.sha256 != opened.get("sha256") or bound(first, "policy") != policy.sha256:
            check.fail("policy.json is not the one that log.opened binds", 0)
        if opened.get("class") != policy.rules["class"]:
            check.fail("the class of log.opened is another", 0)
        for lack in below_minimum(policy.rules) if policy.is_production else ():
            check.fail("below the minimum of production: " + lack)
        for demanded, record in itertools.product(policy.rules.get("demands", ()), self.log.of("batch.verified")):
            value = record
            for key in demanded.split("."):
                value = value.get(key) if type(value) is dict else None
            if value is None:
                check.fail("lacks %s, which the policy demands" % demanded, record["seq"])
        wanted = trust_files(policy)
        wanted["trust/fingerprints.txt"] = "".join("%s %s\n" % pair for pair in self.fingerprints())
        for path, content in wanted.items():
            if self.bundle.read(path) != content.encode():
                check.fail(path + " does not equal what the policy makes")
        for path in self.bundle.files:
            if path.startswith("trust/") and path not in wanted and path != "trust/policy.json":
                check.fail("a file that the policy does not make: " + path)

    def fingerprints(self):
        """(what, digest) as in trust/fingerprints.txt, made anew."""
        if not self.policy:
            return []
        rules = self.policy.rules
        made = [("policy", self.policy.sha256), ("log", sha256_hex(rules["keys"]["log"].encode())), ("p256", sha256_hex(self.policy.p256))]
        made += [("witness", sha256_hex(witness["vkey"].encode())) for witness in rules["witnesses"]]
        return made + [(name, self.bundle.digests[name]) for name in VERIFIERS if name in self.bundle.digests]

    def c24_fingerprints(self, check):
        """The values of `--fingerprint HEX` (of `trust/fingerprints.txt`: policy, log key, P-256 key) are those of this bundle. Without any: YOURS."""
        if not self.options.fingerprints:
            check.otherwise = "YOURS"
            check.note("give the fingerprints of the controller's paper: --fingerprint HEX")
        known = {digest: what for what, digest in self.fingerprints()}
        for value in self.options.fingerprints:
            if value not in known:
                check.fail("no key or policy of this bundle has the fingerprint " + value)
            else:
                check.note("%s is right" % known[value])


# --------------------------------------------------------------------------------------------- rows and the states of section 6


def not_reread(row):
    """What a PASS lacks of having been read back and being equal; None: nothing."""
    if row["verdict"] != "PASS" or row["outcome"] not in COPIES or row.get("sourceEtag") == "":
        return None
    if "sha256" not in row or row["sha256"] != row.get("targetSha256"):
        return "equal digests"
    if "metadata" in row and "targetMetadata" in row and row["metadata"] != row["targetMetadata"]:
        return "equal metadata"
    return None


class RowsByReference:
    """Rows of the batches that count, laid out in files by the first bits of the reference, so that those of each are found a part at a time."""

    def __init__(self, scratch, number, batches, rows):
        self.bits = min(12, max(0, (rows // 20_000).bit_length()))
        self.folder = os.path.join(scratch, "w%d" % number)
        os.mkdir(self.folder)
        self.parts, self.waiting, self.digests = {}, 0, {}

    def add(self, row, seq, digest):
        """In the order of the log."""
        self.digests[seq] = digest
        fields = (row["ref"], seq, row["i"], row["sizeBytes"], row["outcome"], row["verdict"], row.get("reason", ""))
        self.parts.setdefault(int(row["ref"][:4], 16) >> (16 - self.bits), []).append("%s %d %d %d %s %s %s\n" % fields)
        self.waiting += 1
        if self.waiting >= 50_000:
            self._flush()

    def _flush(self):
        for part, lines in self.parts.items():
            with open(os.path.join(self.folder, str(part)), "a", encoding="ascii") as file:
                file.writelines(lines)
        self.parts, self.waiting = {}, 0

    def deciding(self):
        """The deciding row of each reference, ascending. Of all its rows the last one; but a row `failed`, `changed` or `vanished` does not take the
        place of an earlier `copied` or `adopted` one, unless a `deleted` row stands between them."""
        self._flush()
        for part in range(1 << self.bits):
            path, found = os.path.join(self.folder, str(part)), {}
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    for line in file:
                        ref, *row = line[:-1].split(" ")
                        if ref not in found or found[ref][3] not in COPIES or row[3] in COPIES or row[3] == "deleted":
                            found[ref] = row
            for ref in sorted(found):
                seq, i, size, outcome, result, reason = found[ref]
                yield {
                    "ref": ref, "seq": int(seq), "rows": self.digests[int(seq)], "i": int(i), "size": int(size), "outcome": outcome, "verdict": result,
                    "reason": reason,
                }  # fmt: skip

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def aligned(streams):
    """Of streams that ascend by `ref`: each reference with the item of each stream, or None."""
    heads = [next(stream, None) for stream in streams]
    while True:
        ref = min((head["ref"] for head in heads if head), default=None)
        if ref is None:
            return
        items = [head if head and head["ref"] == ref else None for head in heads]
        yield ref, items
        heads = [next(stream, None) if item else head for stream, head, item in zip(streams, heads, items)]


class Ending:
    """How the references of one reconciliation end: the table of section 6. `inventoried_at`: seq of the newest inventory, or None."""

    def __init__(self, accepted_losses, is_withdrawn, all_left, inventoried_at):
        self.accepted, self.is_withdrawn, self.all_left, self.inventoried_at = accepted_losses, is_withdrawn, all_left, inventoried_at

    def state(self, row, listed):
        """`row`: the deciding row, or None; `listed`: its size in the newest inventory, or None."""
        outcome = row["outcome"] if row else None
        listing_is_newer = self.inventoried_at is not None and (row is None or row["seq"] < self.inventoried_at)
        if outcome in COPIES:
            if self.is_withdrawn:
                return "withdrawn"
            if row["verdict"] == "FAIL":
                return "failed"
            return "verified" if row["verdict"] == "PASS" and (not listing_is_newer or listed == row["size"]) else "unknown"
        if listed is None if listing_is_newer else outcome in ("deleted", "vanished"):
            return "vanished"
        if outcome == "failed" and row["reason"] in self.accepted:
            return "excluded"
        if self.is_withdrawn:
            return "withdrawn"
        return outcome if outcome in ("failed", "changed") else "unknown"

    def row_of(self, ref, row, listed, held):
        """The final row. `held`: its size in the newest inventory that holds it, or None."""
        final = {"ref": ref, "state": self.state(row, listed), "size_bytes": str(row["size"]) if row else held or "0"}
        if row:
            final.update({"rows": row["rows"], "i": row["i"]}, **({"reason": row["reason"]} if row["reason"] else {}))
        return dict(final, left=self.all_left and bool(row) and row["outcome"] in COPIES)


# ----------------------------------------------------------------------------------------------------------- policy and trust/


def trust_files(policy):
    """Path → text of the files that the policy makes: section 1, "one form"."""
    rules, stamp = policy.rules, lambda moment: re.sub("[-:T]", "", moment[:19]) + "Z"
    signer = '%s namespaces="approval-v1@ecluse",valid-after="%s",valid-before="%s" %s\n'
    pem = "\n".join(re.findall(".{1,64}", rules["keys"]["p256"]))
    files = {
        "trust/log.vkey": rules["keys"]["log"] + "\n",
        "trust/log.p256.pem": "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % pem,
        "trust/witnesses.vkeys": "".join(witness["vkey"] + "\n" for witness in rules["witnesses"]),
        "trust/allowed_signers": "".join(
            signer % (one["id"], stamp(one["valid_after"]), stamp(one["valid_before"]), one["key"]) for one in rules["approvers"]
        ),
    }
    files.update(("trust/tsa/%s.pem" % authority["name"], authority["ca"]) for authority in rules["timestamps"])
    return files


def below_minimum(rules):
    gates, controller = rules["gates"], rules["controller"]
    if rules["checkpoint"]["every_seconds"] > 3600:
        yield "a checkpoint an hour"
    organisations = {witness["org"] for witness in rules["witnesses"]} - {rules["operator"]}
    if not 1 <= rules["witness_quorum"] <= len(organisations):
        yield "a quorum of witnesses outside the operator"
    for name, least in (("loss", 1), ("gap", 1), ("cutover", 1), ("finalize", 2), ("discard", 2)):
        if len(gates[name]["seats"]) < least:
            yield "%d seats at %s" % (least, name)
        if not any(seat.get("org") == controller for seat in gates[name]["seats"]):
            yield "a seat of the controller at " + name
        if name in ("cutover", "finalize", "discard") and not (gates[name]["witnessed"] and gates[name]["timestamp"] != "none"):
            yield "a witness and a timestamp at " + name
    if rules["cooling_off_days"] < 21:
        yield "21 days of cooling-off"
    if not rules["temporal"]["authorization"]:
        yield "authorization of the workflow server"


# ------------------------------------------------------------------------------------------------------------- the answer


def worst(results):
    """FAIL beats UNKNOWN beats PASS; NA when there was nothing to check, and YOURS counts for nothing."""
    return next((result for result in ("FAIL", "UNKNOWN", "PASS") if result in results), "NA")


def report_of(verification):
    checks, log, policy = verification.checks, verification.log, verification.policy
    opened = log.records[0].get("policy", {}) if log.records else {}
    classes = {policy.rules["class"] if policy else None, opened.get("class")}
    results = {name: check.result() for name, check in checks.items()}
    requirements = []
    for name, _, _, needed in REQUIREMENTS:
        needed = needed.split()
        of_it = worst([results[check] for check in needed])
        records = sorted({seq for check in needed if results[check] == of_it for seq in checks[check].records()})[:SHOWN_PROBLEMS]
        requirements.append({"id": name, "result": of_it, "checks": needed, "records": records})
    fingerprints = {}
    for what, digest in verification.fingerprints():
        fingerprints[what] = fingerprints.get(what, []) + [digest]
    verdict_of_all = worst(results.values())
    return {
        "tool": TOOL,
        "verdict": verdict_of_all if verdict_of_all != "NA" else "UNKNOWN",
        "class": "lab" if "lab" in classes else "production" if classes == {"production"} else "unknown",
        "kind": "final" if verification.is_final else "interim",
        "project": log.project or "",
        "log": log.name or "",
        "size": log.tree.size,
        "root": log.tree.root().hex(),
        "checks": [{"id": name, "result": results[name], "records": check.records(), "detail": check.detail()} for name, check in checks.items()],
        "requirements": requirements,
        "pending": {"workloads": verification.pending_workloads, "acts": verification.pending_acts},
        "withheld": verification.withheld,
        "fingerprints": {what: digests if what == "witness" else digests[0] for what, digests in fingerprints.items()},
    }


def printable(line):
    """Nothing out of a bundle reaches the terminal raw: control signs and the like are written as their numbers."""
    return "".join(sign if sign.isprintable() else "\\u%04x" % ord(sign) for sign in line)


def numbers(records):
    return "" if not records else "  #" + " #".join(map(str, records[:8])) + (" …" if len(records) > 8 else "")


def text_of(report, language):
    say = lambda en, fr: {"en": en, "fr": fr}.get(language, "%s / %s" % (en, fr))
    word = lambda name: say(*WORDS[name])
    if report["class"] == "lab":
        yield "*** %s / %s ***" % WORDS["lab"]
    title = word("title") if report["kind"] == "final" else "%s — %s / %s" % ((word("title"),) + WORDS["interim"])
    yield "%s · %s · %d %s" % (title, report["project"], report["size"], word("records"))
    yield "%s · %s" % (report["log"], report["root"])
    if report["kind"] == "interim":
        yield "%s: %d %s, %d %s" % (word("pending"), report["pending"]["workloads"], word("workloads"), report["pending"]["acts"], word("acts"))
    if report["withheld"]:
        yield "%s: %d" % (word("withheld"), report["withheld"])
    yield ""
    yield word("requirements")
    for requirement, (_, en, fr, _) in zip(report["requirements"], REQUIREMENTS):
        lines = {"en": [en], "fr": [fr]}.get(language, [en, fr])
        yield "  %-7s %s %s%s" % (requirement["result"], requirement["id"], lines[0], numbers(requirement["records"]))
        for line in lines[1:]:
            yield "             " + line
    yield ""
    yield word("checks")
    for check in report["checks"]:
        yield "  %-7s %-3s %s%s" % (check["result"], check["id"], say(*CHECKS[check["id"]]), numbers(check["records"]))
        if check["detail"]:
            yield "              " + (check["detail"] if len(check["detail"]) <= 800 else check["detail"][:800] + " …")
    yield ""
    yield word("not proven")
    for en, fr in NOT_PROVEN:
        yield "  - " + say(en, fr)
    yield ""
    yield word("fingerprints")
    for what, digests in report["fingerprints"].items():
        for digest in digests if isinstance(digests, list) else [digests]:
            yield "  %-11s %s" % (what, digest)
    yield ""
    yield "%s: %s" % (word("verdict"), report["verdict"])


def arguments(argv):
    parser = argparse.ArgumentParser(description="Checks an evidence bundle of Écluse, offline. Exit code 0 only when all is PASS.")
    parser.add_argument("folder", nargs="?", default=os.path.dirname(os.path.abspath(__file__)), help="the bundle; without it, the folder of this script")
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    parser.add_argument("--lang", choices=("fr", "en", "both"), default="both")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE", help="a checkpoint that you kept (C10)")
    parser.add_argument("--fingerprint", action="append", default=[], metavar="HEX", help="a value of the controller's paper (C24)")
    parser.add_argument("--at", metavar="TIME", help="now, as RFC 3339 in UTC; without it, this machine's clock")
    options = parser.parse_args(argv)
    if not os.path.isdir(options.folder):
        parser.error("no such folder")
    options.fingerprints = [value.lower() for value in options.fingerprint]
    if not all(map(digest_form, options.fingerprints)):
        parser.error("a fingerprint has 64 hexadecimal digits")
    if options.at and not any_moment(options.at):
        parser.error("a time looks like 2026-12-01T08:00:00Z")
    options.checkpoints = []
    for path in options.checkpoint:
        try:
            with open(path, "rb") as file:
                options.checkpoints.append(file.read(1 << 20))
        except OSError:
            parser.error("cannot read a checkpoint")
    try:
        options.now_ms = milliseconds(options.at) if options.at else int(time.time() * 1000)
    except ValueError:
        parser.error("no such day")
    return options


def main(argv):
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = arguments(argv)
    with tempfile.TemporaryDirectory(prefix="verify-") as scratch:
        verification, openssl = Verification(options.folder, options), OpenSSL(scratch)
        try:
            verification.run(openssl, scratch)
        finally:
            openssl.pool.shutdown(wait=True)
        report = report_of(verification)
    try:
        if options.json:
            print(json.dumps(report, ensure_ascii=True))
        else:
            for line in text_of(report, options.lang):
                print(printable(line))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough (`verify.py | head`); the exit code still tells the verdict.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if report["verdict"] == "PASS" else 4


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Exception, KeyboardInterrupt) as error:
        print("FAIL: unexpected " + type(error).__name__, file=sys.stderr)
        sys.exit(4)
