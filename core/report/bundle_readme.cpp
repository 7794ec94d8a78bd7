#include "core/report/bundle_readme.hpp"

#include "core/ledger/bundle.hpp"

namespace curfew::report {
namespace {

constexpr const char* what_it_is = R"(
WHAT THIS IS

A report on sessions, made by Curfew from its ledger, with the evidence that it rests on. The ledger is an
append-only list of records, hashed into a tree whose head is signed. This archive has the head (checkpoint),
the records that the report cites, and the hashes that lead from each record to the head. So you can check, on
any machine and without the ledger, that these records are in the ledger as it was when the report was made.

  report.html, report.json, …   the report; report.json is the one that is checked against the records
  bundle.json                   what is in this archive
  seal, manifest                size and SHA-256 of every other file, and the signature over that list
  streams/N/key                 public key of a stream of the ledger
  streams/N/checkpoint          its signed head (C2SP checkpoint)
  streams/N/leaves              records: each is 2 bytes of length and the leaf (C2SP tlog-tiles entries)
  streams/N/tile/…              hashes of the tree (C2SP tlog-tiles)
  streams/N/consistency         that the tree begins with an older one, if that was asked for
  streams/N/personal.ndjson     names and addresses with their salts, if they were asked for

HOW TO CHECK IT

With Curfew:

  curfew verify FILE

Without Curfew: docs/verify/verify_ledger.py of its source needs Python 3.8 and nothing else, docs/verify/go
uses the Go project's own packages for such trees. Both take this file. Each was written from the format's
description alone, docs/ledger-format.md, section 12; docs/verify-it-yourself.md leads through it.

  python3 verify_ledger.py FILE

By hand, after `tar xf FILE`, that no file was changed since it was sealed:

  awk '{print $1 "  " $3}' manifest | sha256sum --check
  sha256sum manifest                      # the digest that the file "seal" states and signs

WHAT TO COMPARE

A signature shows that the holder of the key signed. Whether it is the key of the ledger that you know, you
find out by its fingerprint, which must have come to you on another way than this file:
)";

constexpr const char* what_else = R"(
If you keep an older checkpoint of this ledger, give it with --checkpoint: it shows that the ledger was not
made anew since.

WHAT IT DOES NOT SHOW

That a source told everything, or the truth: the report's coverage statement says what is known of that. That
the report's counts are right: where the archive has every record of the period they can be counted again. What
the check could not exclude it says itself, in the lines that begin with "Not excluded".
)";

}  // namespace

std::string bundle_readme(const ComplianceReport& report, const ledger::SigningKey& key, bool names) {
  std::string text = "EVIDENCE BUNDLE\n\nCurfew " + report.version + ", " +
                     base::format_rfc3339(report.facts.generated_at) + "\nPeriod " +
                     base::format_rfc3339(report.facts.period.from) + " to " +
                     base::format_rfc3339(report.facts.period.to) + "\n";
  text += names ? "It holds names and addresses of people: treat it accordingly.\n"
                : "It holds no names and addresses: people are random references in it.\n";
  text += what_it_is;
  for (const StreamState& stream : report.streams) {
    const auto verifier = ledger::VerifierKey::parse(stream.verifier_key);
    text += "\n  " + stream.origin + (verifier == key.verifier() ? " (signed the seal)" : "") +
            "\n    key         " + stream.verifier_key + "\n    fingerprint " +
            ledger::fingerprint_of(verifier) + "\n                (printf %s KEY | sha256sum)\n";
  }
  return text + what_else;
}

}  // namespace curfew::report
