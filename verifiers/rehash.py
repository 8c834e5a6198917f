#!/usr/bin/env python3
"""Evidence by your own hand: reads the objects of a sample again from the target, and proves their place in the log.

    export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…     (a credential of your own that can only read; AWS_SESSION_TOKEN if it has one)
    python3 rehash.py sample.json --endpoint https://s3.example --region eu-west-2 [--bundle FOLDER] [--bucket NAME] [--names]

Needs Python 3.8 or newer, nothing but its standard library, and OpenSSL 3 for the signature of the checkpoint.
First: is the sample the one that the seed decides, over all verified references of the bundle? Then for each object: its row stands in
a rows file of the digest that a record binds, that record is in the tree under the signed root, and the target gives back the bytes of
that row: same size, same SHA-256. Only reads the target. The whole bundle is checked by verify.py, not here.
"""
import argparse
import base64
import datetime
import gzip
import hashlib
import hmac
import heapq
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import zlib

DRAW = "smallest sha256(seed ‖ 00 ‖ ref) over all references in state verified (UTF-8 seed, ref as hex text)"
LINE_BYTES = 65_536
FILE_BYTES = 16 << 20
CHUNK_BYTES = 1 << 20
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")


class Bad(Exception):
    """Something is wrong: FAIL."""


class Missing(Exception):
    """What is needed cannot be had: UNKNOWN."""


sha256 = lambda data: hashlib.sha256(data).digest()
is_digest = lambda value: type(value) is str and re.fullmatch("[0-9a-f]{64}", value) is not None

# ------------------------------------------------------------------------------------------------------- reading the bundle


def parse(data):
    def unique(pairs):
        members = dict(pairs)
        if len(members) != len(pairs):
            raise ValueError
        return members

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError):
        raise Bad("a file is not JSON, or a key stands twice")


def is_in_form(value, required, optional=()):
    """A JSON object with these members: name → test."""
    tests = dict(optional, **required)
    return type(value) is dict and required.keys() <= value.keys() <= tests.keys() and all(tests[key](item) for key, item in value.items())


is_text = lambda value: type(value) is str and len(value) <= 8192
is_count = lambda value: type(value) is int and 0 <= value < 2**53
OBJECT = {"ref": is_digest, "rank": is_digest, "workload": is_text, "rows": is_digest, "i": is_count, "record": is_count}
NAMED = {"container": is_text, "key": is_text, "version": is_text}
SAMPLE = {
    "v": lambda value: value == 1, "log": is_text, "size": is_count, "seed": is_text, "count": is_count, "draw": lambda value: value == DRAW,
    "objects": lambda value: type(value) is list and all(is_in_form(item, OBJECT, NAMED) for item in value),
}  # fmt: skip


class Bundle:
    def __init__(self, folder):
        self.folder = folder

    def open(self, *path):
        """Only names made here are opened, and no link out of the folder is followed."""
        at = self.folder
        for part in path:
            at = os.path.join(at, part)
            if os.path.islink(at):
                raise Bad("a link in the bundle: " + "/".join(path))
        if not os.path.isfile(at):
            raise Bad("missing in the bundle: " + "/".join(path))
        return open(at, "rb")

    def read(self, *path):
        with self.open(*path) as file:
            data = file.read(FILE_BYTES + 1)
        if len(data) > FILE_BYTES:
            raise Bad("too large: " + "/".join(path))
        return data

    def lines(self, digest):
        """Lines of manifests/<digest>.gz; at the end their bytes must have this digest."""
        seen, rest = hashlib.sha256(), b""
        with self.open("manifests", digest + ".gz") as packed, gzip.GzipFile(fileobj=packed, mode="rb") as file:
            while True:
                try:
                    chunk = file.read(CHUNK_BYTES)
                except (OSError, EOFError, ValueError, zlib.error):
                    raise Bad("no gzip: manifests/%s.gz" % digest)
                if not chunk:
                    break
                seen.update(chunk)
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                if len(rest) > FILE_BYTES:
                    raise Bad("a line is too long: manifests/%s.gz" % digest)
                yield from lines
        if rest:
            yield rest
        if seen.hexdigest() != digest:
            raise Bad("not the bytes of its digest: manifests/%s.gz" % digest)


def bound(record, name):
    return next((item["sha256"] for item in record.get("evidence", ()) if item["name"] == name), None)


class Log:
    """The records, read once: every leaf of the tree, and of the records only the batches and what the newest reconciliations bind."""

    def __init__(self, bundle):
        leaves, self.batches, self.final_sets, self.ceremony, seq = bytearray(), {}, {}, None, 0
        with bundle.open("log", "records.jsonl") as file:
            for line in iter(lambda: file.readline(LINE_BYTES + 1), b""):
                if not line.endswith(b"\n"):
                    raise Bad("records.jsonl has a line without end, or one that is too long")
                leaves += sha256(b"\0" + sha256(line[:-1]))
                if b'"event":"batch.' in line or b'"event":"reconciliation.closed"' in line or b'"event":"key.ceremony"' in line:
                    self._keep(parse(line), seq)
                seq += 1
        self.size, self.levels = seq, [leaves]
        while len(self.levels[-1]) > 32:
            self.levels.append(self._above(self.levels[-1]))

    def _keep(self, record, seq):
        event = record["event"]
        if event == "key.ceremony":
            self.ceremony = bound(record, "ceremony")
        elif event == "reconciliation.closed":
            self.final_sets[record["unit"]["ref"]] = bound(record, "final-set")
        elif event in ("batch.verified", "batch.restated"):
            self.batches[seq] = (record["unit"]["ref"], bound(record, "rows"), record["target"].get("resource_ref"))

    @staticmethod
    def _above(level):
        above = bytearray()
        for at in range(0, len(level), 64):
            pair = level[at : at + 64]
            above += sha256(b"\1" + pair) if len(pair) == 64 else pair
        return above

    def path(self, seq):
        """Inclusion path of RFC 6962, the leaf's sibling first, as (is the sibling left, its hash)."""
        found = []
        for level in self.levels[:-1]:
            sibling = seq ^ 1
            if sibling * 32 < len(level):
                found.append((sibling < seq, bytes(level[sibling * 32 : sibling * 32 + 32])))
            seq >>= 1
        return found

    def is_included(self, seq, root):
        node = bytes(self.levels[0][seq * 32 : seq * 32 + 32])
        for is_left, sibling in self.path(seq):
            node = sha256(b"\1" + (sibling + node if is_left else node + sibling))
        return node == root


def decode_vkey(vkey):
    try:
        name, key_id, word = vkey.strip().split("+", 2)
        data = base64.b64decode(word, validate=True)
        if data[:1] == b"\1" and len(data) == 33 and key_id == sha256(name.encode() + b"\n" + data)[:4].hex():
            return name, bytes.fromhex(key_id), data[1:]
    except ValueError:
        pass
    raise Bad("the log's key has no form")


def signed_root(bundle, log, vkey):
    """The root in the newest checkpoint, which has as many records as the log. Raises when the log's key did not sign it."""
    data = bundle.read("log", "checkpoints", str(log.size)).decode("utf-8", "replace")
    head, separator, tail = data.rpartition("\n\n")
    body, lines = head + "\n", tail.split("\n")
    found = re.fullmatch(r"([^\n]+)\n([0-9]+)\n([A-Za-z0-9+/]{43}=)\n", body)
    name, key_id, key = decode_vkey(vkey)
    if not separator or not found or found.group(1) != name or found.group(2) != str(log.size):
        raise Bad("the newest checkpoint has no form, or is of another log")
    signatures = []
    for line in lines:
        if line.startswith("— " + name + " "):
            payload = base64.b64decode(line.rpartition(" ")[2])
            if payload[:4] == key_id:
                signatures.append(payload[4:])
    if not signatures or not all(is_signed(key, body.encode(), signature) for signature in signatures):
        raise Bad("the newest checkpoint is not signed by the log's key")
    return found.group(1), base64.b64decode(found.group(3))


def is_signed(key, message, signature):
    openssl = shutil.which("openssl")
    if not openssl:
        raise Missing("needs OpenSSL 3: no openssl here")
    version = subprocess.run([openssl, "version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30).stdout.decode("ascii", "replace")
    if not re.match(r"OpenSSL ([3-9]|[1-9][0-9])\.", version):
        raise Missing("needs OpenSSL 3: found " + version.strip()[:40])
    with tempfile.TemporaryDirectory(prefix="rehash-") as scratch:
        paths = [os.path.join(scratch, name) for name in ("key", "message", "signature")]
        for path, data in zip(paths, (ED25519_SPKI + key, message, signature)):
            with open(path, "wb") as file:
                file.write(data)
        command = [openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-rawin", "-in", paths[1], "-sigfile", paths[2]]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.run(command, timeout=60, env=dict(os.environ, OPENSSL_CONF=os.devnull), **quiet).returncode == 0


# --------------------------------------------------------------------------------------------------------------- the draw


def verified(bundle, log):
    """(ref, workload, rows, i) of every reference in state verified, from the newest final set of each workload."""
    for workload, digest in sorted(log.final_sets.items()):
        index = parse(b"".join(bundle.lines(digest)))
        for bucket in index["buckets"]:
            for line in bundle.lines(bucket["sha256"]):
                row = parse(line)
                if row["state"] == "verified":
                    yield row["ref"], workload, row["rows"], row["i"]


def redraw(bundle, log, seed, count):
    ranked = ((sha256(seed.encode() + b"\0" + ref.encode()).hex(), ref, workload, rows, i) for ref, workload, rows, i in verified(bundle, log))
    return heapq.nsmallest(count, ranked)


def check_draw(bundle, log, sample):
    if sample["size"] != log.size:
        raise Bad("the sample is of a log of %d records, the bundle has %d" % (sample["size"], log.size))
    if not 0 < sample["count"] <= 100_000:
        raise Bad("the sample draws nothing, or too much")
    drawn = redraw(bundle, log, sample["seed"], sample["count"])
    given = sorted((item["rank"], item["ref"], item["workload"], item["rows"], item["i"]) for item in sample["objects"])
    if drawn != given:
        raise Bad("the sample is not what its seed decides")
    return len(drawn)


# -------------------------------------------------------------------------------------------------------------- the target


class Target:
    """Reads objects of an S3 store: path-style, signed with AWS Signature Version 4, over TLS (plain HTTP to this machine only)."""

    def __init__(self, endpoint, region, key_id, secret, token):
        self.url, self.region, self.key_id, self.secret, self.token = urllib.parse.urlsplit(endpoint), region, key_id, secret, token

    def get(self, bucket, key, version):
        """An HTTP response whose body is not yet read."""
        quote = lambda text, safe="": urllib.parse.quote(text.encode("utf-8"), safe=safe)
        path = self.url.path.rstrip("/") + "/" + quote(bucket) + "/" + quote(key, "/")
        query = "" if version is None else "versionId=" + quote(version)
        if self.url.scheme == "https":
            connection = http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=60, context=ssl.create_default_context())
        else:
            connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=60)
        connection.putrequest("GET", path + ("?" + query if query else ""), skip_host=True, skip_accept_encoding=True)
        for name, value in self._signed(path, query):
            connection.putheader(name, value)
        connection.putheader("accept-encoding", "identity")
        connection.endheaders()
        return connection.getresponse()

    def _signed(self, path, query):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = [("host", self.url.netloc.rpartition("@")[2]), ("x-amz-content-sha256", hashlib.sha256(b"").hexdigest()), ("x-amz-date", now)]
        if self.token:
            headers.append(("x-amz-security-token", self.token))
        names = ";".join(name for name, _ in headers)
        request = "\n".join(["GET", path, query] + ["%s:%s" % header for header in headers] + ["", names, headers[1][1]])
        scope = "/".join([now[:8], self.region, "s3", "aws4_request"])
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = ("AWS4" + self.secret).encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return headers + [("authorization", "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (self.key_id, scope, names, signature))]


def tree_root(leaves):
    while len(leaves) > 1:
        pairs = [sha256(b"\1" + leaves[at] + leaves[at + 1]) for at in range(0, len(leaves) - 1, 2)]
        leaves = pairs + leaves[len(pairs) * 2 :]
    return leaves[0]


def digest_of(body, size, chunk_bytes):
    """(bytes read, digest in hex) of a body, read in pieces; at most one byte more than `size`. `chunk_bytes`: of the form sha256-tree."""
    whole, leaves, total = hashlib.sha256(), [], 0
    chunk, in_chunk = hashlib.sha256(), 0
    while total <= size:
        limit = min(CHUNK_BYTES, size + 1 - total, chunk_bytes - in_chunk if chunk_bytes else CHUNK_BYTES)
        data = body.read(limit)
        if not data:
            break
        total += len(data)
        if not chunk_bytes:
            whole.update(data)
            continue
        chunk.update(data)
        in_chunk += len(data)
        if in_chunk == chunk_bytes:
            leaves.append(sha256(b"\0" + chunk.digest()))
            chunk, in_chunk = hashlib.sha256(), 0
    if not chunk_bytes:
        return total, whole.hexdigest()
    if in_chunk or not leaves:
        leaves.append(sha256(b"\0" + chunk.digest()))
    return total, tree_root(leaves).hex()


# --------------------------------------------------------------------------------------------------------------- an object


def row_of(bundle, item):
    """The sampled row, out of a rows file that has its digest."""
    found = None
    for number, line in enumerate(bundle.lines(item["rows"]), -1):
        if number == item["i"]:
            found = parse(line)
    if not found or found.get("i") != item["i"] or found.get("ref") != item["ref"]:
        raise Bad("the rows file has no such row")
    if found.get("verdict") != "PASS" or not is_digest(found.get("sha256")) or found["sha256"] != found.get("targetSha256") or not is_count(found.get("sizeBytes")):
        raise Bad("its row does not say that it was verified")
    if found.get("form", "sha256-tree") != "sha256-tree" or ("form" in found) != (type(found.get("chunkBytes")) is int and found["chunkBytes"] > 0):
        raise Bad("its digest is of a form that this script does not know")
    return found


def check_place(log, root, item):
    """The record binds the rows file, and stands in the tree under the signed root. The record's target bucket."""
    workload, rows, bucket = log.batches.get(item["record"], (None, None, None))
    if workload != item["workload"] or rows != item["rows"]:
        raise Bad("record %d does not bind its rows" % item["record"])
    if not log.is_included(item["record"], root):
        raise Bad("record %d is not under the signed root" % item["record"])
    return bucket


def check_bytes(target, bucket, item, row):
    if "key" not in item:
        raise Missing("name withheld")
    if not target:
        raise Missing("no credential, endpoint or region was given")
    if not bucket:
        raise Missing("the log names no target bucket: --bucket NAME")
    version = row.get("targetVersionId") if "version" in item else None
    try:
        response = target.get(bucket, item["key"], version)
        if response.status == 404:
            raise Bad("the target does not hold it any more")
        if response.status != 200:
            raise Missing("the target answers %d" % response.status)
        size, digest = digest_of(response, row["sizeBytes"], row.get("chunkBytes"))
    except http.client.IncompleteRead:
        raise Missing("the target's answer ended too early")
    except (OSError, http.client.HTTPException) as error:
        raise Missing("the target cannot be read (%s)" % type(error).__name__)
    if size < row["sizeBytes"] and response.length:
        raise Missing("the target's answer ended too early")
    if size != row["sizeBytes"]:
        raise Bad("has another size on the target")
    if digest != row["targetSha256"]:
        raise Bad("has other bytes on the target")


def judge(work):
    """(verdict, what was found) of one piece of work; whatever goes wrong is no PASS."""
    try:
        return "PASS", work()
    except Bad as error:
        return "FAIL", str(error)
    except Missing as error:
        return "UNKNOWN", str(error)
    except Exception as error:
        return "FAIL", "unexpected " + type(error).__name__


def check_object(bundle, log, root, target, bucket, item):
    row = row_of(bundle, item)
    told = check_place(log, root, item)
    check_bytes(target, bucket or told, item, row)
    return "%d bytes read again, record %d, path of %d hashes" % (row["sizeBytes"], item["record"], len(log.path(item["record"])))


def printable(text):
    return "".join(sign if sign.isprintable() else "\\u%04x" % ord(sign) for sign in text)


def arguments(argv):
    parser = argparse.ArgumentParser(description="Reads the objects of a sample again from the target. Exit code 0 only when all is PASS.")
    parser.add_argument("sample", help="sample.json, as `ecluse ledger sample` draws it")
    parser.add_argument("--bundle", default=os.path.dirname(os.path.abspath(__file__)), metavar="FOLDER", help="without it, the folder of this script")
    parser.add_argument("--endpoint", metavar="URL", help="of the target's S3: https, or http to this machine")
    parser.add_argument("--region", help="of the target")
    parser.add_argument("--bucket", help="on the target; without it, the one that the log names")
    parser.add_argument("--vkey", help="the log's key from the controller's paper; without it, the bundle's own")
    parser.add_argument("--names", action="store_true", help="print the names of objects too")
    options = parser.parse_args(argv)
    if not os.path.isdir(options.bundle):
        parser.error("no such bundle")
    if options.endpoint:
        try:
            url = urllib.parse.urlsplit(options.endpoint)
            is_near = url.hostname in ("127.0.0.1", "localhost", "::1")
            if not url.hostname or url.scheme not in ("https", "http") or (url.scheme == "http" and not is_near) or url.query or url.username or url.port == 0:
                raise ValueError
        except ValueError:
            parser.error("an endpoint is https://…, or http://… of this machine")
    return options


def main(argv):
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = arguments(argv)
    secrets = [os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]
    target = Target(options.endpoint, options.region, *secrets) if options.endpoint and options.region and all(secrets[:2]) else None
    bundle, results = Bundle(options.bundle), []

    def say(verdict, what, detail):
        results.append(verdict)
        print(printable("%-7s %s  %s" % (verdict, what, detail)))

    def read_sample():
        with open(options.sample, "rb") as file:
            sample = parse(file.read(FILE_BYTES))
        if not is_in_form(sample, SAMPLE):
            raise Bad("the sample has no form")
        return sample

    def read_root():
        vkey = options.vkey or (parse(bundle.read("evidence", log.ceremony))["log"] if is_digest(log.ceremony) else "")
        name, root = signed_root(bundle, log, vkey)
        if bytes(log.levels[-1]) != root:
            raise Bad("the root of the records is not the signed one")
        if name != sample["log"]:
            raise Bad("the sample is of another log")
        return root

    verdict, sample = judge(read_sample)
    if verdict != "PASS":
        say(verdict, "sample", sample)
        return 4
    verdict, log = judge(lambda: Log(bundle))
    if verdict != "PASS":
        say(verdict, "log", log)
        return 4
    verdict, root = judge(read_root)
    say(verdict, "log", "%d records under the signed root %s" % (log.size, root.hex()) if verdict == "PASS" else root)
    root = root if verdict == "PASS" else bytes(log.levels[-1])
    verdict, drawn = judge(lambda: check_draw(bundle, log, sample))
    say(verdict, "draw", "%d objects, as the seed decides" % drawn if verdict == "PASS" else drawn)
    for item in sample["objects"]:
        verdict, detail = judge(lambda: check_object(bundle, log, root, target, options.bucket, item))
        name = " %s" % item["key"] if options.names and "key" in item else ""
        say(verdict, item["ref"] + name, detail)
    total = "FAIL" if "FAIL" in results else "UNKNOWN" if "UNKNOWN" in results or not sample["objects"] else "PASS"
    print(total)
    return 0 if total == "PASS" else 4


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
