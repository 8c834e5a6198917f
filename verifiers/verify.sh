#!/usr/bin/env bash
# Checks an evidence bundle with tools that you know. Made to be read: §7 of docs/bundle-format.md says what each check is.
#   bash verify.sh [FOLDER]      (of the bundle; without it, the folder of this script)
# Needs bash 4, GNU coreutils and findutils, awk, openssl 3, jq 1.6, ssh-keygen (OpenSSH 9). Writes to a temporary folder only.
# Exit: 0 PASS, 4 not PASS, 2 usage. verify.py and verify.html check what is `not checked here`.
set -u -o pipefail; export LC_ALL=C TZ=UTC
for tool in sha256sum split basenc truncate awk jq openssl ssh-keygen; do command -v $tool > /dev/null || { echo "needs $tool" >&2; exit 2; }; done
cd -- "${1:-$(dirname -- "$0")}" && [ -f log/records.jsonl ] && [ -f trust/policy.json ] || { echo "usage: verify.sh FOLDER-OF-A-BUNDLE" >&2; exit 2; }
T=$(mktemp -d) && trap 'rm -rf -- "$T"' EXIT || exit 2
declare -A result; log=log/records.jsonl policy=trust/policy.json
fail() { [[ ${result[$1]:-} == FAIL* ]] || result[$1]="FAIL $2"; }       # the first failure of a check is the one told
pass() { result[$1]=${result[$1]:-"PASS ${2:-}"}; }                      # unless it failed
none() { if [ -s "$2" ]; then fail "$1" "$3 $(head -n 1 "$2")"; fi; }    # the file of what is wrong must be empty
digest() { sha256sum < "$1" | cut -c 1-64; }; records() { jq -r "$@" $log 2> /dev/null; }
# SHA-256 of many short strings at once (a process each takes minutes): hex lines of $1 bytes each → a hash a line.
hash_each() {
  rm -rf "$T/x" && mkdir "$T/x" && tr -d '\n' | tr a-f A-F | basenc -d --base16 | split -b "$1" -a 8 -d - "$T/x/"
  find "$T/x" -type f | sort | xargs -r sha256sum | cut -c 1-64
}

# C1: each file is listed and unchanged. Files under confidential/ may be withheld.
grep -vE '^[0-9a-f]{64}  .' SHA256SUMS > "$T/odd"; none C1 "$T/odd" "SHA256SUMS has the line"
cut -c 67- SHA256SUMS > "$T/listed"; sort -c "$T/listed" 2> /dev/null || fail C1 "SHA256SUMS is not sorted by path"
find . ! -type d ! -path ./SHA256SUMS | cut -c 3- | sort > "$T/there"; find . ! -type d ! -type f > "$T/odd"; none C1 "$T/odd" "a link:"
comm -23 "$T/there" "$T/listed" > "$T/unlisted"; none C1 "$T/unlisted" "not listed:"
comm -13 "$T/there" "$T/listed" > "$T/missing"; grep -v '^confidential/' "$T/missing" > "$T/gone"; none C1 "$T/gone" "missing:"
awk 'FILENAME == ARGV[1] { gone[$0]; next } !(substr($0, 67) in gone)' "$T/missing" SHA256SUMS |
  sha256sum --check --quiet --strict > "$T/wrong" 2> /dev/null || fail C1 "changed: $(head -n 1 "$T/wrong")"
# What a record binds stands in the place of its name with its digest; where not, the check that reads it fails. Lists are not read here.
while read -r seq check path _; do fail "$check" "record $seq binds other bytes than $path"; done < <(records '. as $r | "C7 log/checkpoints/\(.counts.size)" as $note | "C13 timestamps/\(.counts.size).\(.unit.ref)" as $stamp | "C14 approvals/\(.approval.nonce).json" as $file
  | .evidence[]? | select((.confidential or (.name | IN("rows", "inventory-set", "final-set", "cosigned")) or (.name == "token" and $r.event != "tsa.token")) | not) | .sha256 as $digest
  | ({ policy: "C23 trust/policy.json", checkpoint: $note, p256: "\($note).p256.sig", query: "\($stamp).tsq", token: "\($stamp).tsr" }
    + if $r.approval.nonce then { approval: $file, signature: "\($file).sig" } else {} end)[.name] // "C1 evidence/\($digest)" | "\($r.seq) \(.) \($digest)"' |
  awk 'FILENAME == ARGV[1] { sum[substr($0, 67)] = substr($0, 1, 64); next } sum[$3] != $4' SHA256SUMS -)
pass C1 "$(wc -l < "$T/listed") files, $(wc -l < "$T/missing") withheld"

# C3 sequence, C4 chain, C5 ids. The hash of a record is that of its line without LF: one file a line, shortened by a byte.
mkdir "$T/line" && split -l 1 -a 8 -d $log "$T/line/"
[ "$(tail -c 1 $log | od -An -tx1)" = " 0a" ] || fail C4 "the last line has no LF"
find "$T/line" -type f | sort > "$T/files"; xargs -r truncate -s -1 < "$T/files"; xargs -r sha256sum < "$T/files" | cut -c 1-64 > "$T/entries"; size=$(wc -l < "$T/entries")
jq -n 'foreach inputs as $r ({n: -1};
    { n: (.n + 1), plan: (.next // .plan), next: (if $r.event == "instruction.received" then [$r.evidence[] | select(.name == "plan").sha256][0] else null end) };
    select($r.seq != .n or $r.instruction_sha256 != .plan or (.n == 0 and $r.event != "log.opened") or (.n == 1 and $r.event != "key.ceremony")) | .n)' \
  $log > "$T/seq" 2> /dev/null || fail C3 "the records cannot be read"
none C3 "$T/seq" record; pass C3 "$size records"
{ printf '%064d\n' 0; head -n -1 "$T/entries"; } | paste - <(records .prev) | awk '$1 != $2 { print NR - 1 }' > "$T/prev"; none C4 "$T/prev" record; pass C4
records .event_id > "$T/ids" || fail C5 "the records cannot be read"; sort "$T/ids" | uniq -d > "$T/twice"; none C5 "$T/twice" "twice:"; pass C5

# C8: the root of each checkpoint. `tree` holds `k i hash` of each full subtree of 2^k leaves; the root of n joins, from the right, those at the ones of n.
ls log/checkpoints | grep -vE '^(0|[1-9][0-9]*)(\.p256\.sig)?$' > "$T/odd"; none C7 "$T/odd" "no checkpoint:"
ls log/checkpoints | grep -E '^(0|[1-9][0-9]*)$' | sort -n > "$T/sizes"; newest=$(tail -n 1 "$T/sizes")
for c in C7 C8 C9; do [ -n "$newest" ] || fail $c "there is no checkpoint"; done
sed 's/^/00/' "$T/entries" | hash_each 33 > "$T/level"
for ((k = 0; size >> k > 0; k++)); do
  awk -v k=$k '{ print k, NR - 1, $1 }' "$T/level" >> "$T/tree"
  paste -d '' - - < "$T/level" | awk 'length == 128 { print "01" $0 }' > "$T/pairs"; hash_each 65 < "$T/pairs" > "$T/level"
done
awk -v size="$size" '$1 > 0 && $1 <= size { print $1, $1, "-" } END { print size, size, "-" }' "$T/sizes" > "$T/roots" # n, leaves left, hash of the rest
while grep -qv ' 0 ' "$T/roots"; do
  awk 'FILENAME == ARGV[1] { hash[$1, $2] = $3; next } $2 == 0 { print $0, "-"; next }
    { for (k = 0; $2 % 2 ^ (k + 1) == 0; ) k++; print $1, $2 - 2 ^ k, $3, hash[k, $2 / 2 ^ k - 1] }' "$T/tree" "$T/roots" > "$T/step"
  awk '$3 != "-" && $4 != "-" { print "01" $4 $3 }' "$T/step" | hash_each 65 > "$T/joined"
  awk 'FILENAME == ARGV[1] { joined[NR] = $1; next } { print $1, $2, $4 == "-" ? $3 : $3 == "-" ? $4 : joined[++i] }' "$T/joined" "$T/step" > "$T/roots"
done
while read -r n; do echo "$n $(sed -n 3p log/checkpoints/$n | base64 -d 2> /dev/null | basenc --base16 -w 0 | tr A-F a-f)"; done < "$T/sizes" |
  awk 'FILENAME == ARGV[1] { root[$1] = $3; next } root[$1] != $2 { print $1 }' "$T/roots" - > "$T/other"; none C8 "$T/other" checkpoint; pass C8 "$(wc -l < "$T/sizes") checkpoints"

# C7: each checkpoint is signed by the keys in force: Ed25519 over its text, P-256 over the file.
vkey_bytes() { local rest=${1#*+}; base64 -d <<< "${rest#*+}"; }           # name+id+base64(type ‖ key)
signed() { # signed NOTE VKEY [cosigned]: each line of this name and key id verifies, and there is one
  local line found=1 start="— ${2%%+*} " id; id=$({ printf '%s\n' "${2%%+*}"; vkey_bytes "$2"; } | sha256sum | cut -c 1-8)
  { printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00'; vkey_bytes "$2" | tail -c 32; } > "$T/key.der"
  while read -r line; do
    base64 -d <<< "$line" > "$T/payload" 2> /dev/null; hex=$(basenc --base16 -w 0 "$T/payload")
    [ "${hex:0:8}" = "${id^^}" ] || continue
    { [ -z "${3:-}" ] || printf 'cosignature/v1\ntime %d\n' "$((16#${hex:8:16}))"; sed '/^$/,$d' "$1"; } > "$T/text"
    tail -c 64 "$T/payload" > "$T/sig"; openssl pkeyutl -verify -pubin -keyform DER -inkey "$T/key.der" -rawin -in "$T/text" -sigfile "$T/sig" > /dev/null 2>&1 || return 1
    found=0
  done < <(awk -v start="$start" 'index($0, start) == 1 { print substr($0, length(start) + 1) }' "$1")
  return $found
}
mapfile -t ceremonies < <(records 'select(.event == "key.ceremony") | "\(.seq) \(.evidence[] | select(.name == "ceremony").sha256)"'); next=0 vkey='' origin=$(jq -r .log $policy)
while read -r n; do
  note=log/checkpoints/$n asked=()
  while [ $next -lt ${#ceremonies[@]} ] && read -r seq file <<< "${ceremonies[next]}" && { [ "$seq" -lt "$n" ] || [ -z "$vkey" ]; }; do
    [ -z "$vkey" ] || asked+=("$vkey")                                  # the first checkpoint behind a rotation is signed by the key before, too
    vkey=$(jq -r .log "evidence/$file"); jq -r .p256 "evidence/$file" | base64 -d > "$T/p256.der"; next=$((next + 1))
    [ $next -gt 1 ] || [ "$(jq -c '[.log, .p256]' "evidence/$file")" = "$(jq -c '[.keys.log, .keys.p256]' $policy)" ] || fail C7 "the first keys are not the policy's"
  done
  [ "$(head -n 2 $note)" = "$origin"$'\n'"$n" ] || fail C7 "checkpoint $n names another log or size"
  for key in "${asked[@]}" "$vkey"; do signed $note "$key" || fail C7 "checkpoint $n is not signed by the key in force"; done
  openssl dgst -sha256 -keyform DER -verify "$T/p256.der" -signature $note.p256.sig $note > /dev/null 2>&1 || fail C7 "the P-256 signature of checkpoint $n"
done < "$T/sizes"; pass C7 "$(wc -l < "$T/sizes") checkpoints"

# C9: the newest checkpoint covers all; log.closed is the last record and counts those before it.
[ "$newest" = "$size" ] || fail C9 "the newest checkpoint covers ${newest:-0} of $size records"
closed=$(records 'select(.event == "log.closed") | "\(.seq) \(.counts.records)"' | head -n 1)
[ -z "$closed" ] || [ "$closed" = "$((size - 1)) $((size - 1))" ] || fail C9 "log.closed is not the last record, or counts another number"; pass C9

# C12: the newest checkpoint, and each that a witnessed gate opened with, is cosigned by the quorum of organisations.
gates() { records --slurpfile p $policy "select(.event == \"gate.opened\") | \$p[0].gates[.approval.gate] as \$rule | $1"; }
quorum=$(jq .witness_quorum $policy); touch "$T/cosigned" "$T/stamped" "$T/approved"
for note in log/cosigned/*; do
  n=${note##*/}; [ -f "$note" ] || continue
  cmp -s -n "$(stat -c %s "log/checkpoints/$n" 2> /dev/null || echo 1)" "$note" "log/checkpoints/$n" || fail C12 "cosigned/$n is not the note of that checkpoint"
  while read -r key org; do
    grep -qF -- "— ${key%%+*} " "$note" || continue
    if signed "$note" "$key" cosigned; then echo "$n $org"; else fail C12 "a cosignature of checkpoint $n"; fi
  done < <(jq -r '. as $p | .witnesses[] | select($p.class != "production" or .org != $p.operator) | "\(.vkey) \(.org)"' $policy) >> "$T/cosigned"
done
for n in $newest $(gates 'select($rule.witnessed) | .counts.size'); do
  [ "$(awk -v n="$n" '$1 == n { print $2 }' "$T/cosigned" | sort -u | wc -l)" -ge "$quorum" ] || fail C12 "checkpoint $n is not cosigned by the quorum"
done
if [ "$quorum" = 0 ]; then result[C12]="NA no witness is asked for"; else pass C12 "$(wc -l < "$T/cosigned") cosignatures; not checked here: what records bind as cosigned"; fi

# C13: timestamps over the bytes of checkpoints, by authorities of the policy, their chain valid at the time that they name; each gate that asks has its own.
for token in timestamps/*.tsr; do
  [ -f "$token" ] || continue; name=${token##*/}; name=${name%.tsr}; n=${name%%.*}; name=${name#*.}
  jq -r --arg name "$name" '.timestamps[] | select(.name == $name).ca' $policy > "$T/ca.pem"
  at=$(openssl ts -reply -in "$token" -text 2> /dev/null | sed -n 's/^Time stamp: //p')
  openssl ts -verify -in "$token" -data "log/checkpoints/$n" -CAfile "$T/ca.pem" -attime "$(date -d "${at:-@0}" +%s)" > /dev/null 2>&1 || fail C13 "$token"
  echo "$n $(digest "$token") $(jq -r --arg name "$name" '.timestamps[] | select(.name == $name) | if .qualified then "qualified any" else "any" end' $policy)" >> "$T/stamped"
done
while read -r seq n token asked; do grep -qE "^$n $token .*$asked" "$T/stamped" || fail C13 "the gate of record $seq opened without its timestamp"
done < <(gates 'select($rule.timestamp != "none") | "\(.seq) \(.counts.size) \([.evidence[] | select(.name == "token").sha256][0]) \($rule.timestamp)"')
if [ -s "$T/stamped" ] || [ -n "${result[C13]:-}" ]; then pass C13 "$(wc -l < "$T/stamped") timestamps"; else result[C13]="NA no timestamp is asked for"; fi

# C14: approvals, signed by the person's own key, valid when the record was written; a hardware key showed what the policy asks of it.
while read -r seq time nonce id key file sig presence; do
  approval=approvals/$nonce.json; echo >> "$T/approved"
  [[ $nonce =~ ^[0-9a-f]{32}$ ]] && [ "$(digest "$approval") $(digest "$approval.sig")" = "$file $sig" ] || { fail C14 "record $seq binds no such files"; continue; }
  told=$(ssh-keygen -Y verify -f trust/allowed_signers -I "$id" -n approval-v1@ecluse "-Overify-time=$time" -s "$approval.sig" < "$approval" 2> /dev/null) || fail C14 "the signature of record $seq"
  [ "${told##* }" = "$key" ] || fail C14 "record $seq names another key"
  flags=$(sed '1d;$d' "$approval.sig" | base64 -d 2> /dev/null | tail -c 5 | head -c 1 | od -An -tu1)
  case $presence in touch) ((flags & 1)) || fail C14 "record $seq: no touch" ;; pin) ((flags & 4)) || fail C14 "record $seq: no PIN" ;; esac
done < <(records --slurpfile p $policy 'select(.approval.nonce or .approval.file_sha256 or .actor.auth == "sshsig") | .approval as $a | .evidence as $e
  | "\(.seq) \(.time[0:19] | gsub("[-:T]"; ""))Z \($a.nonce) \($a.approver.id) \($a.approver.key_fpr) \($a.file_sha256) \([$e[]? | select(.name == "signature").sha256][0]) \([$p[0].approvers[] | select(.id == $a.approver.id).presence][0])"')
if [ -s "$T/approved" ]; then pass C14 "$(wc -l < "$T/approved") approvals"; else result[C14]="NA no approval is signed"; fi

# C23: the policy is the one that the log was opened with, and trust/ says the same.
[ "$(head -n 1 $log | jq -r '"\(.policy.class) \(.policy.sha256) \(.evidence[0].sha256)"' 2> /dev/null)" = "$(jq -r .class $policy) $(digest $policy) $(digest $policy)" ] || fail C23 "policy.json is not the one that log.opened binds"
says() { cmp -s "trust/$1" - || fail C23 "trust/$1 is not what the policy says"; }
says log.vkey < <(jq -r .keys.log $policy); says witnesses.vkeys < <(jq -r '.witnesses[].vkey' $policy); says log.p256.pem < <(jq -r .keys.p256 $policy | base64 -d | openssl pkey -pubin -inform DER)
says allowed_signers < <(jq -r 'def stamp: sub("\\.[0-9]+"; "") | gsub("[-:T]"; ""); .approvers[]
  | "\(.id) namespaces=\"approval-v1@ecluse\",valid-after=\"\(.valid_after | stamp)\",valid-before=\"\(.valid_before | stamp)\" \(.key)"' $policy)
for name in $(jq -r '.timestamps[].name' $policy); do says "tsa/$name.pem" < <(jq -j --arg name "$name" '.timestamps[] | select(.name == $name).ca' $policy); done
pass C23 "digest, class, keys in trust/; not checked here: the minimum of production, demanded fields"
[ "$(jq -r .class $policy)" = production ] || echo "LABORATOIRE, SANS VALEUR DE PREUVE · LAB, NOT EVIDENCE"; [ -n "$closed" ] || echo "PROVISOIRE · INTERIM"
verdict=PASS; for i in {1..24}; do echo "C$i ${result[C$i]:-not checked here}"; [[ ${result[C$i]:-} != FAIL* ]] || verdict=FAIL; done
echo "$verdict of what is checked here: $size records, root $(tail -n 1 "$T/roots" | cut -d ' ' -f 3)"; [ $verdict = PASS ] || exit 4
