// What a run is made of, in short: a spool may only be continued by the same program with the same inputs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "output/schema.hpp"
#include "sim/step/model.hpp"

namespace gridplus::output {

/// Parts with their checksums: `program`, `scenario`, `profiles`, `recorded variables`.
using Fingerprint = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] Fingerprint fingerprint_of(const Model& model, const Schema& schema);

/// The checksum of a text, to go with a fingerprint.
[[nodiscard]] std::string text_checksum(std::string_view text);

/// All parts but the program, in one line: what the results are of.
[[nodiscard]] std::string inputs_text(const Fingerprint& fingerprint);

/// The names of the parts in which two fingerprints differ, divided by commas; empty: they are the same.
[[nodiscard]] std::string differing_parts(const Fingerprint& a, const Fingerprint& b);

}  // namespace gridplus::output
