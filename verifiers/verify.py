#!/usr/bin/env python3
"""Checks an evidence bundle of Écluse, offline: python3 verify.py [FOLDER]

Needs Python 3.8 or newer, nothing but its standard library, and OpenSSL 3 for signatures and timestamps.
What is checked, and why, stands in bundle-format.md, section 7: C1 to C24. Nothing here comes from Écluse's own source.

How it goes: every file is hashed (C1); the log is read once, line by line (C2 to C6, C11, C16, C17, C21, C22, and what the other
checks need); then signatures, timestamps and approvals (C7 to C15); then the lists, file by file (C18 to C20).
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
        self.key = data[1:]
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


class Workload:
    """What is kept of a workload while the log is read: where each thing happened last, and its lists."""

    def __init__(self, name):
        self.name, self.last, self.gates, self.compared = name, {}, {}, {}
        self.batches, self.inventories, self.reconciliations, self.loss_scopes = [], [], [], []

    def at(self, what):
        return self.last.get(what, -1)


class Gate:
    """A `gate.reached`, or a `log.gap`, and the approvals of exactly its scope that came after it."""

    def __init__(self, record, scope):
        self.seq, self.scope, self.record, self.approvals = record["seq"], scope, record, []


# Where the files that a record binds lie, and which check misses them. All others: evidence/, C1.
BOUND = {
    "checkpoint": ("log/checkpoints/", "C7"), "p256": ("log/checkpoints/", "C7"), "cosigned": ("log/cosigned/", "C12"), "query": ("timestamps/", "C13"),
    "token": ("timestamps/", "C13"), "approval": ("approvals/", "C14"), "signature": ("approvals/", "C14"), "policy": ("trust/", "C23"),
}  # fmt: skip
PACKED = {"rows": "C18", "inventory-set": "C19", "final-set": "C19"}
OUTCOME_OF = {
    "step.succeeded": "step.started", "step.failed": "step.started", "step.undo_finished": "step.undo_started", "step.undo_failed": "step.undo_started",
    "deletion.outcome": "deletion.intent",
}  # fmt: skip
INTENTS = frozenset(OUTCOME_OF.values())


def bound(record, name):
    """Digest of the file that a record binds under this name, or None."""
    return next((item["sha256"] for item in record.get("evidence", ()) if item["name"] == name), None)


def act_of(record):
    act, unit = record["act"], record.get("unit", {})
    return (unit.get("kind"), unit.get("ref"), act["name"], act["run"], act["pass"], act["turn"])


class Log:
    """One pass over records.jsonl. A record that breaks its form is C2's; it counts for the tree and the chain, and for nothing else."""

    def __init__(self, bundle, policy, checks, wanted_sizes):
        self.bundle, self.policy, self.checks, self.wanted = bundle, policy, checks, wanted_sizes
        self.tree, self.roots, self.times = Tree(), {}, {}
        self.prev, self.event_ids, self.time, self.first, self.closed = "0" * 64, set(), "", None, None
        self.plan, self.instructor = None, None
        self.workloads, self.open_acts, self.deletions, self.unobserved = {}, {}, {}, {}
        self.ceremonies, self.opened, self.approvals, self.gaps = [], [], [], []
        self.token_records, self.cosigned_records, self.breakglass = {}, {}, []
        self.reach, self.reach_from, self.late = None, None, []
        self.folders = {}
        for path, digest in bundle.digests.items():
            self.folders.setdefault(path.rpartition("/")[0] + "/", set()).add(digest)
        rules = policy.rules if policy else {}
        self.expected = rules.get("project"), rules.get("log")
        self.demanded = [path.split(".") for path in rules.get("demands", [])]
        self.interval_ms = rules["checkpoint"]["every_seconds"] * 1000 + TOLERANCE_MS if policy else None
        # Which check takes in which events, in the order in which they must: a check that looks at what was before, first.
        self.takers = {}
        for check, taker, events in (
            ("C17", self._order, "transfer.started step.started step.succeeded deletion.intent"),
            ("C16", self._duties, " ".join(GATE_OF_EVENT) + " gate.opened"),
            ("C20", self._finalized, "gate.opened"),
            ("C22", self._deletion, "deletion.intent deletion.outcome deletion.absence certificate.issued"),
            ("C21", self._outcome, " ".join(INTENTS | OUTCOME_OF.keys())),
            ("C18", self._batch, "batch.verified batch.restated"),
            ("C23", self._demands, "batch.verified"),
            ("C19", self._lists, "inventory.sealed reconciliation.closed"),
            ("C15", self._gate, "gate.reached log.gap"),
            ("C15", self._approval, " ".join(GATE_OF_EVENT)),
            ("C12", self._opened, "gate.opened"),
            ("C7", self._ceremony, "key.ceremony"),
            ("C11", self._published, "checkpoint.published"),
            ("C6", self._outsider, "tsa.token witness.cosigned"),
            ("C17", self._note_order, "transfer.started step.started step.succeeded listing.compared reconciliation.closed rollback.finished"
             " deletion.intent gate.reached gate.opened breakglass.opened breakglass.closed breakglass.reviewed"),
            ("C3", self._instruction, "instruction.received"),
        ):  # fmt: skip
            for event in events.split():
                self.takers.setdefault(event, []).append((checks[check], taker))

    def workload(self, record):
        name = record["unit"]["ref"] if "unit" in record else ""
        if name not in self.workloads:
            self.workloads[name] = Workload(name)
        return self.workloads[name]

    def read(self):
        form, chain = self.checks["C2"], self.checks["C4"]
        if 0 in self.wanted:
            self.roots[0] = self.tree.root()
        with self.bundle.open("log/records.jsonl") as file:
            for entry, line, problem in records_of(file):
                seq = self.tree.size
                record = None
                if line is not None:
                    try:
                        record = canonical(line)
                        problem = self._form_problem(record)
                    except Bad as error:
                        problem = str(error)
                if problem:
                    form.fail(problem, seq)
                else:
                    if record["prev"] != self.prev:
                        chain.fail("prev is not the hash of the record before", seq)
                    self._take(record, seq)
                if self.closed is not None and self.closed != seq:
                    self.checks["C9"].fail("stands after log.closed", seq)
                self.prev = entry.hex()
                self.tree.add(entry)
                if self.tree.size in self.wanted:
                    self.roots[self.tree.size], self.times[self.tree.size] = self.tree.root(), self.time
        if not self.tree.size:
            form.fail("no record")
            self.checks["C3"].fail("no record")

    @staticmethod
    def _form_problem(record):
        if type(record) is not dict:
            return "no object"
        known = RECORD
        for key, value in record.items():
            is_so = known.get(key)
            if is_so is None:
                return "a field that the format does not have"
            if not is_so(value):
                return "%s breaks its form" % key
        if not IN_EVERY_RECORD <= record.keys():
            return "lacks " + ", ".join(sorted(IN_EVERY_RECORD - record.keys()))
        if not DEMANDS[record["event"]] <= record.keys():
            return "%s demands %s" % (record["event"], ", ".join(sorted(DEMANDS[record["event"]] - record.keys())))
        return None

    def _take(self, record, seq):
        checks, event, now = self.checks, record["event"], record["time"]
        if self.first is None:
            self.first = record
            self.expected = (self.expected[0] or record["project"], self.expected[1] or record["log"])
        if (record["project"], record["log"]) != self.expected:
            checks["C2"].fail("belongs to another project or log", seq)
        if record["seq"] != seq:
            checks["C3"].fail("seq is %d" % record["seq"], seq)
            record = dict(record, seq=seq)
        if seq < 2 and event != ("log.opened", "key.ceremony")[seq]:
            checks["C3"].fail("is no " + ("log.opened", "key.ceremony")[seq], seq)
        if record.get("instruction_sha256") != self.plan:
            checks["C3"].fail("instruction_sha256 is not the plan in force", seq)
        name = sha256(record["event_id"].encode())[:16]
        if name in self.event_ids:
            checks["C5"].fail("its event_id stands in an earlier record", seq)
        self.event_ids.add(name)
        if now < self.time:
            checks["C6"].fail("time lies before that of an earlier record", seq)
        else:
            self.time = now
        if self.reach is None:
            self._reach(now)
        elif now > self.reach and self.interval_ms:
            self._note_late(seq, now)
        for item in record.get("evidence", ()):
            self._find(item, seq)
        for check, taker in self.takers.get(event, ()):
            check.at(seq, taker, record, check)
        if event == "log.closed":
            self.closed = seq if self.closed is None else self.closed
            if record["counts"].get("records") != seq:
                checks["C9"].fail("counts.records is not its seq", seq)

    def _find(self, item, seq):
        """Each file that a record binds is there, with its digest. (Those of manifests/ are unpacked later.)"""
        name, digest = item["name"], item["sha256"]
        if item.get("confidential"):
            return
        if name in BOUND:
            folder, check = BOUND[name]
            if digest not in self.folders.get(folder, ()):
                self.checks[check].fail("the file that it binds as %s is not in the bundle" % name, seq)
        elif name in PACKED:
            if "manifests/%s.gz" % digest not in self.bundle.files:
                self.checks[PACKED[name]].fail("missing: manifests/%s.gz" % digest, seq)
        elif self.bundle.digests.get("evidence/" + digest) != digest:
            self.checks["C1"].fail("missing, or not the bytes of its digest: evidence/" + digest, seq)

    # -- C11
    def _reach(self, now):
        self.reach_from = now
        self.reach = moment_of(milliseconds(now) + self.interval_ms) if self.interval_ms else now

    def _published(self, record, check):
        check.about(record["seq"])
        self._reach(record["time"])

    def _note_late(self, seq, now):
        if self.late and self.late[-1]["from"] == self.reach_from:
            self.late[-1].update(to=now, last=seq)
        elif len(self.late) < 10_000:
            self.late.append({"from": self.reach_from, "reach": self.reach, "to": now, "first": seq, "last": seq})

    # -- what later checks need
    def _instruction(self, record, _):
        self.plan, self.instructor = bound(record, "plan"), record["actor"]["id"]

    def _ceremony(self, record, check):
        check.about(record["seq"])
        self.ceremonies.append((record["seq"], bound(record, "ceremony")))

    def _outsider(self, record, check):
        name = "token" if record["event"] == "tsa.token" else "cosigned"
        for item in record["evidence"]:
            if item["name"] == name:
                known = self.token_records if name == "token" else self.cosigned_records
                known.setdefault(item["sha256"], (record["seq"], record["time"]))
                check.about(record["seq"])

    def _opened(self, record, _):
        gate = self.workload(record).gates.get(record["approval"].get("gate"))
        scope = record["approval"]["scope_sha256"]
        approvals = [approval["seq"] for approval in gate.approvals if approval["approval"]["scope_sha256"] == scope] if gate else []
        self.opened.append((record, max(approvals, default=-1)))

    def _gate(self, record, check):
        scope, seq = bound(record, "scope"), record["seq"]
        if not scope:
            raise Bad("binds no scope")
        if record["event"] == "log.gap":
            self.gaps.append(Gate(record, scope))
            return
        approval, workload = record["approval"], self.workload(record)
        if approval["scope_sha256"] != scope:
            check.fail("its scope is not the file that it binds", seq)
        if approval.get("gate") not in GATES[:4]:
            raise Bad("is of no gate")
        workload.gates[approval["gate"]] = Gate(record, approval["scope_sha256"])

    def _approval(self, record, _):
        gate, scope = GATE_OF_EVENT[record["event"]], record["approval"]["scope_sha256"]
        if gate == "gap":
            reached = next((gap for gap in reversed(self.gaps) if gap.scope == scope), None)
        else:
            workload = self.workload(record)
            reached = workload.gates.get(gate)
            if gate == "loss":
                workload.loss_scopes.append((record["seq"], scope))
            if gate == "finalize":
                workload.last["acceptance"] = milliseconds(record["time"])
        if reached:
            reached.approvals.append(record)
        if "nonce" in record["approval"] or "file_sha256" in record["approval"] or record["actor"]["auth"] == "sshsig":
            self.approvals.append((record, reached))

    def _lists(self, record, check):
        name = "inventory-set" if record["event"] == "inventory.sealed" else "final-set"
        workload, found = self.workload(record), [item for item in record["evidence"] if item["name"] == name]
        if len(found) != 1:
            raise Bad("binds no " + name)
        check.about(record["seq"])
        if name == "final-set":
            in_force = max(workload.at("rollback.finished"), workload.at("discard")) > workload.at("transfer.started")
            workload.reconciliations.append(
                {"seq": record["seq"], "set": found[0], "counts": record["counts"], "verdict": record["verdict"], "withdrawn": in_force}
            )
        else:
            workload.inventories.append((record["seq"], found[0]))

    def _batch(self, record, check):
        found = [item for item in record["evidence"] if item["name"] == "rows"]
        if len(found) != 1:
            raise Bad("binds no rows file, or several")
        item, unit = found[0], record["unit"]
        check.about(record["seq"])
        counts = record["counts"]
        self.workload(record).batches.append(
            (record["seq"], item["sha256"], int(item["size_bytes"]), unit.get("count"), tuple(sorted(counts.items())), record["verdict"])
        )

    # -- C23, C20
    def _demands(self, record, check):
        for path in self.demanded:
            value = record
            for key in path:
                value = value.get(key) if type(value) is dict else None
            if value is None:
                check.fail("lacks %s, which the policy demands" % ".".join(path), record["seq"])

    def _finalized(self, record, check):
        if record["approval"].get("gate") == "finalize":
            closed = self.workload(record).reconciliations
            check.about(record["seq"])
            if not closed or closed[-1]["verdict"] != "PASS":
                raise Bad("opens finalize while the newest reconciliation is not PASS")

    # -- C16
    def _duties(self, record, check):
        if not self.policy:
            raise Missing("the policy cannot be read")
        event, seq, approval = record["event"], record["seq"], record["approval"]
        if event in GATE_OF_EVENT:
            if record["actor"]["auth"] != "sshsig" and self.policy.gate(GATE_OF_EVENT[event])["seats"]:
                check.fail("is not signed, and its gate has seats", seq)
            return
        gate, reached = approval.get("gate"), self.workload(record).gates.get(approval.get("gate"))
        check.about(seq)
        if not reached:
            raise Bad("opens a gate that was not reached")
        if reached.scope != approval["scope_sha256"]:
            raise Bad("opens another scope than the gate showed")
        approvals = [one for one in reached.approvals if one["approval"]["scope_sha256"] == reached.scope]
        if not self.policy.seats_filled(gate, approvals, self.instructor):
            raise Bad("the approvals before it do not fill the seats of the gate " + gate)

    # -- C17
    def _order(self, record, check):
        workload, event = self.workload(record), record["event"]
        name = record["act"]["name"] if "act" in record else ""
        frozen = workload.at("step.started freeze-source")
        if event == "transfer.started":
            if workload.at("gate.reached loss") >= 0 and workload.at("gate.opened loss") < 0:
                raise Bad("copies before the gate of losses opened")
        elif event == "step.started" and name == "freeze-source":
            check.about(record["seq"])
            if workload.at("gate.opened cutover") <= workload.at("rollback.finished"):
                raise Bad("freezes the source before the gate of the cutover opened")
        elif event == "step.succeeded" and name == "cut-over":
            check.about(record["seq"])
            equal = {side for side, (seq, result) in workload.compared.items() if seq > frozen and result == "PASS"}
            if not {"source", "target"} <= equal or workload.at("reconciliation.closed") <= frozen:
                raise Bad("cuts over before both closing listings were equal and the reconciliation was closed")
        elif event == "step.started" and name == "finalize":
            check.about(record["seq"])
            if workload.at("gate.opened finalize") <= workload.at("step.succeeded cut-over"):
                raise Bad("finalizes before the gate opened")
        elif event == "deletion.intent":
            check.about(record["seq"])
            if "ORDERED" in record["reasons"]:
                if workload.at("gate.opened discard") < 0:
                    raise Bad("removes by order before the gate of the discard opened")
            elif "UNWIND" in record["reasons"]:
                if workload.at("step.succeeded cut-over") > workload.at("rollback.finished"):
                    raise Bad("undoes a replication after the cutover")
            else:
                raise Bad("removes for no reason that the format has")

    def _note_order(self, record, _):
        event, seq = record["event"], record["seq"]
        if event.startswith("breakglass."):
            self.breakglass.append((seq, event))
            return
        workload = self.workload(record)
        if event.startswith("gate."):
            workload.last["%s %s" % (event, record["approval"].get("gate"))] = seq
        elif event.startswith("step."):
            workload.last["%s %s" % (event, record["act"]["name"])] = seq
        elif event == "listing.compared":
            sides = {"source", "target"} & set(record["act"]["name"].split("/"))
            workload.compared[" ".join(sides)] = (seq, record["verdict"])
        elif event == "deletion.intent":
            if "ORDERED" in record["reasons"]:
                workload.last["discard"] = seq
        else:
            workload.last[event] = seq

    # -- C21, C22
    def _outcome(self, record, _):
        event, act = record["event"], act_of(record)
        if event in INTENTS:
            self.open_acts[(event, act)] = record["seq"]
        else:
            self.open_acts.pop((OUTCOME_OF[event], act), None)

    def _deletion(self, record, check):
        event, seq, unit = record["event"], record["seq"], record["unit"]["ref"]
        check.about(seq)
        if event == "deletion.intent":
            self.deletions[act_of(record)] = record["unit"].get("count")
        elif event == "deletion.outcome":
            if act_of(record) not in self.deletions:
                raise Bad("an outcome without an intent")
            planned, counts = self.deletions[act_of(record)], record["counts"]
            if planned is not None and sum(counts.get(name, 0) for name in ("removed", "gone", "left")) != planned:
                check.fail("removed, gone and left are not what was intended", seq)
            if counts.get("left", 0) == 0:
                self.unobserved[seq] = unit
        elif event == "deletion.absence":
            if record["verdict"] == "PASS":
                self.unobserved = {at: ref for at, ref in self.unobserved.items() if ref != unit}
        else:
            self._certificate(record, check)

    def _certificate(self, record, check):
        deletion, seq = record["deletion"], record["seq"]
        probed = {probe["probe"] for probe in deletion["absence"]}
        unprobed = [category for category in deletion["categories_checked"] if category not in probed]
        if unprobed:
            check.fail("names categories without a probe of their absence", seq)
        accepted = self.workload(record).last.get("acceptance")
        days = self.policy.rules["cooling_off_days"] if self.policy else 0
        if accepted is None or milliseconds(deletion["ordered_at"]) < accepted + days * 86_400_000:
            check.fail("was ordered before the acceptance and the cooling-off", seq)


# ------------------------------------------------------------------------------------------------------------- the checks


class Verification:
    def __init__(self, folder, options):
        self.bundle, self.options = Bundle(folder), options
        self.checks = {name: Check(name) for name in CHECKS}
        self.policy, self.keys, self.withheld, self.pending_workloads, self.scopes = None, [], 0, 0, {}

    def run(self, openssl, scratch):
        self.openssl, self.scratch, check = openssl, scratch, self.checks
        check["C1"].run(self.c1_files)
        self.policy = check["C23"].run(lambda: Policy(self.bundle.read("trust/policy.json")))
        self.sizes = {folder: self._sizes(folder) for folder in ("log/checkpoints/", "log/cosigned/", "timestamps/")}
        self._ask_early()
        self.log = Log(self.bundle, self.policy, check, self._wanted())
        check["C2"].run(self.log.read)
        self.is_final = self.log.closed is not None
        for name, work in (
            ("C6", self.c6_time), ("C7", self.c7_signatures), ("C8", self.c8_roots), ("C9", self.c9_coverage), ("C10", self.c10_checkpoints),
            ("C11", self.c11_interval), ("C12", self.c12_witnesses), ("C13", self.c13_timestamps), ("C14", self.c14_signed), ("C15", self.c15_fit),
            ("C16", self.c16_gaps), ("C17", self.c17_breakglass), ("C19", self.c19_lists), ("C21", self.c21_outcomes), ("C22", self.c22_absence),
            ("C23", self.c23_policy), ("C24", self.c24_fingerprints),
        ):  # fmt: skip
            check[name].run(work, check[name])
        for name in ("C18", "C20"):
            if not any(workload.batches for workload in self.log.workloads.values()) and not check[name].failures:
                check[name].otherwise = "NA"

    def rules(self):
        if not self.policy:
            raise Missing("the policy cannot be read")
        return self.policy

    def _sizes(self, folder):
        """Sizes that the file names of a folder name."""
        return {int(name.split(".")[0]) for name in self.bundle.names(folder) if re.fullmatch("(0|[1-9][0-9]{0,15})([.].*)?", name)}

    def _wanted(self):
        """Sizes whose root some check will ask for."""
        wanted = set().union(*self.sizes.values())
        for name in self.bundle.names("approvals/"):
            if name.endswith(".json"):
                try:
                    wanted.add(plain_json(self.bundle.read("approvals/" + name))["checkpoint"]["size"])
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

    def c1_files(self):
        check, bundle, listed, before = self.checks["C1"], self.bundle, {}, ""
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
                    listed[path] = before = path
                    self._listed(path, found.group(1).decode(), check)
        for path in sorted(bundle.files.keys() - listed.keys() - {"SHA256SUMS"}):
            check.fail("not listed: " + path)
        if self.withheld:
            check.note("%d files of confidential/ are withheld" % self.withheld)
        check.note("%d files" % len(listed))

    def _listed(self, path, digest, check):
        if path not in self.bundle.files:
            if path.startswith("confidential/"):
                self.withheld += 1
            else:
                check.fail("missing: " + path)
        elif self.bundle.digests[path] != digest:
            check.fail("other bytes than SHA256SUMS says: " + path)

    # -- signatures and outsiders

    def _key_history(self):
        """[(from seq, log key, P-256 key, previous log key)], oldest first."""
        history = []
        for seq, digest in self.log.ceremonies:
            if not digest:
                raise Bad("record %d binds no ceremony" % seq)
            said = plain_json(self.bundle.read("evidence/" + digest))
            if not CEREMONY(said):
                raise Bad("the ceremony of record %d breaks its form" % seq)
            key, p256 = VerifierKey(said["log"], 1), decode_p256(said["p256"])
            if not history:
                if seq != 1 or said["reason"] != "first" or (key.key, key.name, p256) != (self.policy.log_key.key, self.policy.log_key.name, self.policy.p256):
                    raise Bad("the first ceremony is not that of the policy's keys")
                history.append((seq, key, p256, None))
            else:
                previous = history[-1][1]
                if said["reason"] != "rotation" or said.get("previous") != "%s+%s+%s" % (
                    previous.name, previous.id.hex(), base64.b64encode(b"\1" + previous.key).decode(),
                ):  # fmt: skip
                    raise Bad("the ceremony of record %d does not follow from the one before" % seq)
                history.append((seq, key, p256, previous))
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

    def c7_signatures(self, check):
        self.rules()
        self.keys = self._key_history()
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
        check.note("%d checkpoints, %d key%s" % (len(sizes), len(self.keys), "" if len(self.keys) == 1 else "s"))

    def _check_checkpoint(self, n, check):
        where = "checkpoint %d" % n
        self._check_log_lines(self._note_at("log/checkpoints/", n), n, check, where)
        data, signature = self.bundle.read("log/checkpoints/%d" % n), self.bundle.read("log/checkpoints/%d.p256.sig" % n)
        if not self.openssl.ask(self._in_force(n)[2], data, signature, "sha256").result():
            check.fail("%s is not signed by the log's P-256 key in force" % where)

    def c8_roots(self, check):
        for n in sorted(self.sizes["log/checkpoints/"]):
            check.run(self._check_root, n, check)

    def _check_root(self, n, check):
        note = Note(self.bundle.read("log/checkpoints/%d" % n))
        if n > self.log.tree.size:
            check.fail("checkpoint %d covers more than the %d records" % (n, self.log.tree.size))
        elif note.root != self.log.roots.get(n):
            check.fail("the root of checkpoint %d is not that of the first %d records" % (n, n))

    def c9_coverage(self, check):
        newest, size = max(self.sizes["log/checkpoints/"], default=0), self.log.tree.size
        if newest != size or not size:
            check.fail("the newest checkpoint covers %d of %d records" % (newest, size))
        if self.log.closed is not None:
            check.about(self.log.closed)

    def c10_checkpoints(self, check):
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
        rules = self.rules()
        approved = []
        for gap in self.log.gaps:
            record = gap.record
            if record["gap"]["to"] > moment_of(milliseconds(record["time"]) + TOLERANCE_MS):
                check.fail("a gap that ends after its own record", gap.seq)
            elif rules.seats_filled("gap", gap.approvals, self.log.instructor):
                approved.append((record["gap"]["from"], moment_of(milliseconds(record["gap"]["to"]) + TOLERANCE_MS)))
                check.note("record %d: an approved gap from %s to %s" % (gap.seq, record["gap"]["from"], record["gap"]["to"]))
        for late in self.log.late:
            reach = late["reach"]
            for start, end in sorted(approved):
                reach = max(reach, end) if start <= reach else reach
            if late["to"] > reach:
                check.fail("no checkpoint was published after %s in the interval that the policy allows" % late["from"], late["first"])

    def c6_time(self, check):
        log = self.log
        if log.time > moment_of(self.options.now_ms + TOLERANCE_MS):
            check.fail("the newest record is later than your clock", log.tree.size - 1)
        for n, name, file in self._tokens():
            try:
                self._check_bounds(check, n, token_time(self.bundle.read(file)), log.token_records.get(self.bundle.digests[file]), "timestamp over checkpoint %d" % n)
            except Bad:
                pass  # C13 says what is wrong with it
        if self.policy:
            for n in sorted(self.sizes["log/cosigned/"]):
                file = "log/cosigned/%d" % n
                try:
                    note = Note(self.bundle.read(file))
                    for key, _ in self.policy.witnesses:
                        for seconds, _ in note.cosignatures(key):
                            self._check_bounds(check, n, seconds * 1000, log.cosigned_records.get(self.bundle.digests[file]), "cosignature of checkpoint %d" % n)
                except Bad:
                    pass  # C12 says what is wrong with it

    def _check_bounds(self, check, n, at_ms, told, what):
        last = self.log.times.get(n)
        if last and milliseconds(last) > at_ms + TOLERANCE_MS:
            check.fail("is later than the " + what, n - 1)
        if told and milliseconds(told[1]) < at_ms - TOLERANCE_MS:
            check.fail("is earlier than the " + what, told[0])

    def _tokens(self):
        """(n, authority, path) of each response in timestamps/."""
        for name in self.bundle.names("timestamps/"):
            found = re.fullmatch(r"(0|[1-9][0-9]{0,15})\.([a-z0-9][a-z0-9-]{0,30})\.tsr", name)
            if found:
                yield int(found.group(1)), found.group(2), "timestamps/" + name

    def c12_witnesses(self, check):
        rules = self.rules().rules
        quorum = rules["witness_quorum"]
        if not quorum:
            check.otherwise = "NA"
            return
        for n in sorted(self.sizes["log/cosigned/"]):
            if Note(self.bundle.read("log/cosigned/%d" % n)).body != Note(self.bundle.read("log/checkpoints/%d" % n)).body:
                check.fail("cosigned/%d is not over the body of checkpoint %d" % (n, n))
        newest = max(self.sizes["log/checkpoints/"], default=0)
        check.run(self._check_quorum, newest, quorum, check, None)
        for record, last_approval in self.log.opened:
            gate = self.policy.gate(record["approval"].get("gate"))
            if gate and gate["witnessed"]:
                check.about(record["seq"])
                size, file = record.get("counts", {}).get("size", 0), bound(record, "cosigned")
                if not file or file != self.bundle.digests.get("log/cosigned/%d" % size):
                    check.fail("opens a witnessed gate without a cosigned checkpoint", record["seq"])
                elif size <= last_approval:
                    check.fail("its checkpoint does not cover its approvals", record["seq"])
                else:
                    check.at(record["seq"], self._check_quorum, size, quorum, check, record["seq"])

    def _check_quorum(self, n, quorum, check, seq):
        if "log/cosigned/%d" % n not in self.bundle.files:
            check.fail("checkpoint %d is not cosigned" % n, seq)
            return
        note, organisations = self._note_at("log/cosigned/", n), set()
        for key, organisation in self.policy.witnesses:
            for seconds, signature in note.cosignatures(key):
                if not self.openssl.ask(key.spki, note.cosigned_text(seconds), signature).result():
                    check.fail("checkpoint %d holds a wrong cosignature" % n, seq)
                elif not (self.policy.is_production and organisation == self.policy.rules["operator"]):
                    organisations.add(organisation)
        if len(organisations) < quorum:
            check.fail("checkpoint %d is cosigned by %d of %d organisations" % (n, len(organisations), quorum), seq)

    def c13_timestamps(self, check):
        rules, tokens = self.rules(), {}
        for n, name, file in self._tokens():
            tokens[self.bundle.digests[file]] = (n, name)
            check.run(self._check_token, n, name, file, check)
        asked = 0
        for record, last_approval in self.log.opened:
            gate, seq = rules.gate(record["approval"].get("gate")), record["seq"]
            if not gate or gate["timestamp"] == "none":
                continue
            asked += 1
            check.about(seq)
            size = record.get("counts", {}).get("size", 0)
            found = [tokens[item["sha256"]] for item in record["evidence"] if item["name"] == "token" and item["sha256"] in tokens]
            found = [name for n, name in found if n == size and name in rules.authorities]
            if not found:
                check.fail("opens a gate without a timestamp over its checkpoint", seq)
            elif size <= last_approval:
                check.fail("its timestamp does not cover its approvals", seq)
            elif gate["timestamp"] == "qualified" and not any(rules.authorities[name]["qualified"] for name in found):
                check.fail("its timestamp is of no qualified authority", seq)
        if not tokens and not asked:
            check.otherwise = "NA"
        check.note("%d timestamps" % len(tokens))

    def _check_token(self, n, name, file, check):
        authority = self.policy.authorities.get(name)
        if not authority:
            raise Bad(file + " is of no authority of the policy")
        if file[:-4] + ".tsq" not in self.bundle.files:
            check.fail("missing: " + file[:-4] + ".tsq")
        response = self.bundle.read(file)
        at = token_time(response) // 1000
        if not self.openssl.timestamp(response, self.bundle.read("log/checkpoints/%d" % n), authority["ca"].encode(), at):
            raise Bad(file + " does not verify")

    # -- approvals

    def c14_signed(self, check):
        if not self.log.approvals and not check.failures:
            check.otherwise = "NA"
        for record, _ in self.log.approvals:
            check.about(record["seq"])
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
        if not self.log.approvals and not check.failures:
            check.otherwise = "NA"
        nonces = set()
        for record, reached in self.log.approvals:
            check.about(record["seq"])
            number = record["approval"].get("nonce")
            if number in nonces:
                check.fail("its nonce stands in an earlier approval", record["seq"])
            nonces.add(number)
            check.at(record["seq"], self._check_fit, record, reached)

    def _check_fit(self, record, reached):
        approval, actor, seq, gate = record["approval"], record["actor"], record["seq"], GATE_OF_EVENT[record["event"]]
        data = self.bundle.read("approvals/%s.json" % approval.get("nonce"))
        said = canonical(data[:-1]) if data.endswith(b"\n") else None
        if not APPROVAL_FILE(said):
            raise Bad("the signed file breaks its form")
        if not reached:
            raise Bad("approves what no gate showed")
        subject = "record %d" % reached.seq if gate == "gap" else record["unit"]["ref"]
        who = {"id": actor["id"], "org": actor.get("org"), "role": actor.get("role")}
        if "on_behalf_of" in actor:
            who["on_behalf_of"] = actor["on_behalf_of"]
        recorded = {key: approval["approver"].get(key) for key in ("id", "org", "role")}
        fits = (
            ("project", said["project"] == record["project"]),
            ("subject", said["subject"] == subject),
            ("gate", said["gate"] == gate == approval.get("gate")),
            ("approver", said["approver"] == who and recorded.items() <= who.items() and (actor["type"], actor["auth"]) == ("person", "sshsig")),
            ("nonce", said["nonce"] == approval["nonce"]),
            ("scope", said["scope_sha256"] == approval["scope_sha256"] == reached.scope),
            ("checkpoint's size", reached.seq < said["checkpoint"]["size"] <= seq),
            ("checkpoint's root", self.log.roots.get(said["checkpoint"]["size"], b"").hex() == said["checkpoint"]["root"]),
            ("time", said["not_before"] <= record["time"] <= said["expires"]),
        )
        wrong = [name for name, is_right in fits if not is_right]
        scope = self._scope(reached.scope)
        if scope.get("project") != record["project"] or scope.get("gate") != gate or (gate != "gap" and scope.get("workload") != record["unit"]["ref"]):
            wrong.append("content of the scope")
        if gate in ("finalize", "discard") and said["verified_roots"] != scope.get("catalogue"):
            wrong.append("verified roots")
        if wrong:
            raise Bad("does not fit: " + ", ".join(wrong))

    def _scope(self, digest):
        if digest not in self.scopes:
            scope = plain_json(self.bundle.read("evidence/" + digest))
            if type(scope) is not dict:
                raise Bad("a scope breaks its form")
            self.scopes[digest] = scope
        return self.scopes[digest]

    def c16_gaps(self, check):
        for gap in self.log.gaps:
            if gap.approvals and not self.rules().seats_filled("gap", gap.approvals, self.log.instructor):
                check.fail("the approvals of this gap do not fill its seats", gap.seq)
        if not check.looked_at and not self.log.gaps:
            check.otherwise = "NA"

    def c17_breakglass(self, check):
        for seq, event in self.log.breakglass:
            if event == "breakglass.opened":
                later = {after for at, after in self.log.breakglass if at > seq}
                if self.is_final and not {"breakglass.closed", "breakglass.reviewed"} <= later:
                    check.fail("an emergency right that was not closed and reviewed", seq)

    # -- lists

    def c19_lists(self, check):
        """C18, C19 and C20: each rows file is read once; of reconciled workloads the rows are laid out by reference."""
        workloads = [self.log.workloads[name] for name in sorted(self.log.workloads)]
        for number, workload in enumerate(workloads):
            newest = workload.reconciliations[-1] if workload.reconciliations else None
            moved_on = workload.batches and newest and workload.batches[-1][0] > newest["seq"]
            if (workload.inventories and not newest) or moved_on:
                self.pending_workloads += 1
                if self.is_final:
                    seq = newest["seq"] if newest else workload.inventories[-1][0]
                    check.fail("a workload was not reconciled after its last batch" if newest else "a workload has an inventory and no reconciliation", seq)
            rows = RowsByReference(self.scratch, number, sum(batch[3] or 0 for batch in workload.batches)) if newest else None
            are_read = True
            for batch in workload.batches:
                taken = rows if newest and batch[0] < newest["seq"] else None
                are_read = self._check_batch(batch, taken) and are_read
            for older in workload.reconciliations[:-1]:
                check.run(lambda older=older: all(True for _ in self._set_rows(older["set"], workload, "final")))
            for _, item in workload.inventories if not newest else [one for one in workload.inventories if one[0] > newest["seq"]]:
                check.run(lambda item=item: all(True for _ in self._set_rows(item, workload, "inventory")))
            if newest:
                check.run(self._reconcile, workload, newest, rows, are_read, check)
                rows.close()
        if not any(workload.inventories or workload.reconciliations for workload in workloads) and not check.failures:
            check.otherwise = "NA"
        if self.pending_workloads and not self.is_final:
            check.note("%d workloads pending" % self.pending_workloads)

    def _check_batch(self, batch, rows):
        """C18 and C20 of one rows file. True when the file may be relied on."""
        seq, digest, size, planned, counts, said = batch
        check, equal = self.checks["C18"], self.checks["C20"]
        number, found = -1, {"PASS": 0, "FAIL": 0, "UNKNOWN": 0}
        try:
            for line in self.bundle.unpacked(digest, size):
                row = plain_json(line)
                if number < 0:
                    if not SALT_ROW(row):
                        raise Bad("the rows begin without a salt")
                elif not ROW(row) or row["i"] != number:
                    raise Bad("row %d breaks its form" % number)
                else:
                    found[row["verdict"]] += 1
                    if row["verdict"] == "PASS" and row["outcome"] in COPIES:
                        if "sha256" not in row or row["sha256"] != row.get("targetSha256"):
                            equal.fail("row %d passes without equal digests" % number, seq)
                        if "metadata" in row and "targetMetadata" in row and row["metadata"] != row["targetMetadata"]:
                            equal.fail("row %d passes without equal metadata" % number, seq)
                    if rows:
                        rows.add(row, digest)
                number += 1
                if planned is None or number > planned:
                    raise Bad("has other rows than its unit counts")
            if number != planned:
                raise Bad("has other rows than its unit counts")
            if dict(counts) != {name.lower(): many for name, many in found.items()}:
                check.fail("its counts are not those of its rows", seq)
            if said != ("FAIL" if found["FAIL"] else "UNKNOWN" if found["UNKNOWN"] else "PASS"):
                check.fail("its verdict does not follow from its rows", seq)
            equal.about(seq)
            return True
        except Bad as error:
            check.fail(str(error), seq)
        except Exception as error:
            check.fail("unexpected " + type(error).__name__, seq)
        return False

    def _index(self, item, workload, kind):
        lines = list(itertools.islice(self.bundle.unpacked(item["sha256"], min(INDEX_BYTES, int(item["size_bytes"])), is_list=False), 2))
        index = canonical(lines[0]) if len(lines) == 1 else None
        if not (FINAL_INDEX if kind == "final" else INVENTORY_INDEX)(index):
            raise Bad("the %s set of %s breaks its form" % (kind, workload.name))
        if index["workload"] != workload.name:
            raise Bad("a set is of another workload")
        if len(index["buckets"]) != 1 << index["bits"] or sum(bucket["count"] for bucket in index["buckets"]) != index["count"]:
            raise Bad("the buckets of a set do not add up")
        return index

    def _set_rows(self, item, workload, kind, index=None):
        """All rows of a set, ascending by reference; the bytes of each bucket have their digest."""
        index, form = index or self._index(item, workload, kind), FINAL_ROW if kind == "final" else INVENTORY_ROW
        bits, before = index["bits"], ""
        for number, bucket in enumerate(index["buckets"]):
            rows = 0
            for line in self.bundle.unpacked(bucket["sha256"], bucket["count"] * 1024):
                row = canonical(line)
                if not form(row) or row["ref"] <= before or int(row["ref"][:4], 16) >> (16 - bits) != number:
                    raise Bad("a bucket of the %s set breaks its form or order" % kind)
                before, rows = row["ref"], rows + 1
                yield row
            if rows != bucket["count"]:
                raise Bad("a bucket of the %s set has another count" % kind)

    def _reconcile(self, workload, closed, rows, rows_are_read, check):
        seq, name = closed["seq"], workload.name
        inventories = [item for at, item in workload.inventories if at < seq]
        newest = inventories[-1]["sha256"] if inventories else None
        different = list({item["sha256"]: item for item in inventories}.values())
        index = self._index(closed["set"], workload, "final")
        accepted = set()
        for at, scope in workload.loss_scopes:
            if at < seq:
                accepted.update(code for code in self._scope(scope).get("losses", []) if type(code) is str)
        found, listed = {state: [0, 0] for state in STATES}, 0
        streams = [self._set_rows(closed["set"], workload, "final", index), rows.sorted()]
        streams += [self._set_rows(item, workload, "inventory") for item in different]
        if not rows_are_read:
            check.unknown("%s: its rows cannot be relied on (C18)" % name, seq)
        for ref, (final, row, *held) in aligned(streams):
            is_listed = any(held)
            in_newest = any(one for one, item in zip(held, different) if item["sha256"] == newest)
            listed += in_newest
            if not final:
                if is_listed:
                    check.fail("%s: an inventoried reference is not in the final set: %s" % (name, ref), seq)
                continue
            state = final["state"]
            found[state][0] += 1
            found[state][1] += int(final["size_bytes"])
            if not in_newest and state not in ("vanished", "withdrawn"):
                check.fail("%s: %s in the final set, and not in the newest inventory: %s" % (name, state, ref), seq)
            if rows_are_read:
                problem = state_problem(final, row, in_newest, accepted, closed["withdrawn"])
                if problem:
                    check.fail("%s: %s: %s" % (name, problem, ref), seq)
        self._check_counts(closed, index, found, listed, check)

    def _check_counts(self, closed, index, found, listed, check):
        seq, counts = closed["seq"], dict(closed["counts"])
        inventoried = counts.pop("inventoried", None)
        occurring = {state: {"count": many, "size_bytes": str(size)} for state, (many, size) in found.items() if many}
        if index["states"] != occurring:
            check.fail("the states of the final set are not those of its rows", seq)
        if {state: many for state, many in counts.items() if many} != {state: many for state, (many, _) in found.items() if many}:
            check.fail("the counts of the reconciliation are not those of the final set", seq)
        if inventoried != listed:
            check.fail("the newest inventory holds %d references, which counts.inventoried does not say" % listed, seq)
        bad = [state for state in occurring if state not in GOOD_STATES]
        if closed["verdict"] != ("FAIL" if "failed" in bad else "UNKNOWN" if bad else "PASS"):
            check.fail("the verdict of the reconciliation does not follow from its states", seq)
        if self.is_final:
            for state in bad:
                (check.unknown if state == "unknown" else check.fail)("%d objects end as %s" % (found[state][0], state), seq)

    # -- the rest

    def c21_outcomes(self, check):
        for seq in sorted(self.log.open_acts.values()):
            if self.is_final:
                check.unknown("has no outcome", seq)
        if self.log.open_acts and not self.is_final:
            check.note("%d acts pending" % len(self.log.open_acts))

    def c22_absence(self, check):
        if not check.looked_at and not check.failures:
            check.otherwise = "NA"
        if self.is_final:
            for seq in sorted(self.log.unobserved):
                check.fail("nobody looked whether anything was left", seq)

    def c23_policy(self, check):
        policy, first = self.rules(), self.log.first
        check.about(0)
        opened = first.get("policy", {}) if first and first["event"] == "log.opened" else {}
        if policy.sha256 != opened.get("sha256") or bound(first or {}, "policy") != policy.sha256:
            check.fail("policy.json is not the one that log.opened binds", 0)
        if opened.get("class") != policy.rules["class"]:
            check.fail("the class of log.opened is another", 0)
        if policy.is_production:
            for lack in below_minimum(policy.rules):
                check.fail("below the minimum of production: " + lack)
        self._check_trust(policy, check)

    def _check_trust(self, policy, check):
        rules, known = policy.rules, {"policy.json", "fingerprints.txt"}
        wanted = {
            "log.vkey": lambda data: data.split() == [rules["keys"]["log"]],
            "log.p256.pem": lambda data: pem_body(data) == rules["keys"]["p256"],
            "witnesses.vkeys": lambda data: data.split() == [witness["vkey"] for witness in rules["witnesses"]],
            "allowed_signers": lambda data: allowed_signers(data) == [
                (one["id"], milliseconds(one["valid_after"]), milliseconds(one["valid_before"]), one["key"]) for one in rules["approvers"]
            ],
        }  # fmt: skip
        for authority in rules["timestamps"]:
            wanted["tsa/%s.pem" % authority["name"]] = lambda data, ca=authority["ca"]: data.split() == ca.split()
        for name, is_equal in wanted.items():
            if not is_equal(self.bundle.read("trust/" + name).decode("utf-8")):
                check.fail("trust/%s does not equal the policy" % name)
        for path in self.bundle.files:
            if path.startswith("trust/") and path[6:] not in wanted and path[6:] not in known:
                check.fail("a file that the policy does not make: " + path)
        told = self.bundle.read("trust/fingerprints.txt").decode("utf-8").split("\n")
        if told.pop() != "" or sorted(told) != sorted("%s %s" % pair for pair in self.fingerprints()):
            check.fail("trust/fingerprints.txt does not say what is here")

    def fingerprints(self):
        """(what, digest) as in trust/fingerprints.txt, made anew."""
        if not self.policy:
            return []
        rules = self.policy.rules
        made = [("policy", self.policy.sha256), ("log", sha256_hex(rules["keys"]["log"].encode())), ("p256", sha256_hex(self.policy.p256))]
        made += [("witness", sha256_hex(witness["vkey"].encode())) for witness in rules["witnesses"]]
        return made + [(name, self.bundle.digests[name]) for name in ("verify.py", "verify.sh", "verify.html") if name in self.bundle.digests]

    def c24_fingerprints(self, check):
        if not self.options.fingerprints:
            check.otherwise = "YOURS"
            check.note("give the fingerprints of the controller's paper: --fingerprint HEX")
            return
        known = {digest: what for what, digest in self.fingerprints()}
        for value in self.options.fingerprints:
            if value not in known:
                check.fail("no key or policy of this bundle has the fingerprint " + value)
            else:
                check.note("%s is right" % known[value])


class RowsByReference:
    """Rows of a workload, laid out in files by the first bits of the reference, so that the newest of each is found a part at a time."""

    def __init__(self, scratch, number, rows):
        self.bits = min(12, max(0, (rows // 20_000).bit_length()))
        self.folder = os.path.join(scratch, "w%d" % number)
        os.mkdir(self.folder)
        self.parts, self.waiting, self.lists, self.numbers = {}, 0, [], {}

    def add(self, row, digest):
        """In the order of the log: a later row of a reference is the newer one."""
        if digest not in self.numbers:
            self.numbers[digest] = len(self.lists)
            self.lists.append(digest)
        part = int(row["ref"][:4], 16) >> (16 - self.bits)
        line = "%s %d %d %d %s %s %s\n" % (
            row["ref"], self.numbers[digest], row["i"], row["sizeBytes"], row["outcome"], row["verdict"], row.get("reason", ""),
        )  # fmt: skip
        self.parts.setdefault(part, []).append(line)
        self.waiting += 1
        if self.waiting >= 50_000:
            self._flush()

    def _flush(self):
        for part, lines in self.parts.items():
            with open(os.path.join(self.folder, str(part)), "a", encoding="ascii") as file:
                file.writelines(lines)
        self.parts, self.waiting = {}, 0

    def sorted(self):
        """The newest row of each reference, ascending."""
        self._flush()
        for part in range(1 << self.bits):
            path, newest = os.path.join(self.folder, str(part)), {}
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    for line in file:
                        newest[line[:64]] = line[65:-1]
            for ref in sorted(newest):
                number, i, size, outcome, result, reason = newest[ref].split(" ")
                yield {
                    "ref": ref, "rows": self.lists[int(number)], "i": int(i), "size_bytes": size, "outcome": outcome, "verdict": result, "reason": reason,
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


def state_problem(final, row, in_newest_inventory, accepted, is_withdrawn):
    """Does the state of a final row follow from the newest row of its reference? Says why not."""
    if (final.get("rows"), final.get("i")) != (row and row["rows"], row and row["i"]):
        return "its final row is not the newest"
    if not row:
        expected = "unknown" if in_newest_inventory else "vanished"
    elif is_withdrawn and row["outcome"] in COPIES:
        expected = "withdrawn"
    elif row["outcome"] in COPIES and row["verdict"] == "PASS":
        expected = "verified"
    elif row["outcome"] in ("deleted", "vanished"):
        expected = "vanished"
    elif row["verdict"] != "PASS" and row["reason"] in accepted:
        expected = "excluded"
    elif row["outcome"] == "changed":
        expected = "changed"
    elif row["outcome"] == "failed" or row["verdict"] == "FAIL":
        expected = "failed"
    else:
        expected = "unknown"
    if final["state"] != expected:
        return "said to be %s, and is %s" % (final["state"], expected)
    if row and final["size_bytes"] != row["size_bytes"]:
        return "its size is not that of its newest row"
    if expected == "excluded" and final.get("reason") != row["reason"]:
        return "its reason is not that of its newest row"
    if final.get("left") and expected != "withdrawn":
        return "left on the target, and not withdrawn"
    return None


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


def pem_body(data):
    found = re.fullmatch(r"-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)-----END PUBLIC KEY-----\n?", data)
    return "".join(found.group(1).split()) if found else None


def allowed_signers(data):
    """Lines of allowed_signers as (id, from, until, key); a line without namespace, dates or key makes all unequal."""
    form = r'(\S+) namespaces="approval-v1@ecluse",valid-after="([0-9]{14})Z",valid-before="([0-9]{14})Z" (\S+ \S+)'
    lines = [re.fullmatch(form, line) for line in data.split("\n") if line]
    seconds = lambda stamp: calendar.timegm(datetime.datetime.strptime(stamp, "%Y%m%d%H%M%S").timetuple()) * 1000
    return [line and (line.group(1), seconds(line.group(2)), seconds(line.group(3)), line.group(4)) for line in lines]


# ------------------------------------------------------------------------------------------------------------- the answer


def worst(results):
    """FAIL beats UNKNOWN beats PASS; NA when there was nothing to check, and YOURS counts for nothing."""
    return next((result for result in ("FAIL", "UNKNOWN", "PASS") if result in results), "NA")


def report_of(verification):
    checks, log, policy = verification.checks, verification.log, verification.policy
    opened = (log.first or {}).get("policy", {})
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
        "project": log.expected[0] or "",
        "log": log.expected[1] or "",
        "size": log.tree.size,
        "root": log.tree.root().hex(),
        "checks": [{"id": name, "result": results[name], "records": check.records(), "detail": check.detail()} for name, check in checks.items()],
        "requirements": requirements,
        "pending": {"workloads": verification.pending_workloads, "acts": 0 if verification.is_final else len(log.open_acts)},
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
    if options.json:
        print(json.dumps(report, ensure_ascii=True))
    else:
        for line in text_of(report, options.lang):
            print(printable(line))
    return 0 if report["verdict"] == "PASS" else 4


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Exception, KeyboardInterrupt) as error:
        print("FAIL: unexpected " + type(error).__name__, file=sys.stderr)
        sys.exit(4)
