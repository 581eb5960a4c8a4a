#include "output/fingerprint.hpp"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <span>

#include "sim/core/version.hpp"

namespace gridplus::output {

namespace {

/// CRC-32 of texts and numbers in a row.
class Checksum {
 public:
  void add(std::string_view text) {
    crc_ = libdeflate_crc32(crc_, text.data(), text.size());
    add(static_cast<std::int64_t>(text.size()));
  }
  void add(std::int64_t number) { crc_ = libdeflate_crc32(crc_, &number, sizeof number); }
  void add(std::span<const double> numbers) { crc_ = libdeflate_crc32(crc_, numbers.data(), numbers.size_bytes()); }
  [[nodiscard]] std::string text() const { return fmt::format("{:08x}", crc_); }

 private:
  std::uint32_t crc_ = 0;
};

std::string scenario_checksum(const Model& model) {
  Checksum sum;
  for (const auto& [name, text] : model.provenance.files) sum.add(text);
  sum.add(model.provenance.resolved_json);
  sum.add(static_cast<std::int64_t>(model.seed));
  sum.add(std::int64_t{model.replicate});
  for (const std::int64_t number : {model.time.start().utc, model.time.step_s(), model.time.steps()}) sum.add(number);
  return sum.text();
}

std::string profile_checksum(const ProfileTable& profiles) {
  Checksum sum;
  for (std::size_t i = 0; i < profiles.columns(); ++i) {
    sum.add(profiles.name(ProfileId{i}));
    sum.add(profiles.column(ProfileId{i}));
  }
  return sum.text();
}

std::string schema_checksum(const Schema& schema) {
  Checksum sum;
  for (const std::int64_t number : {schema.rows, schema.every_steps, schema.chunk_rows}) sum.add(number);
  for (const Stream& stream : schema.streams) {
    const Group& group = schema.content.groups[stream.group];
    sum.add(group.name);
    sum.add(group.datasets[stream.dataset].name);
    sum.add(static_cast<std::int64_t>(stream.type));
    sum.add(static_cast<std::int64_t>(stream.entities));
    sum.add(static_cast<std::int64_t>(stream.chunk_columns));
  }
  return sum.text();
}

}  // namespace

Fingerprint fingerprint_of(const Model& model, const Schema& schema) {
  const ProgramVersion& program = program_version();
  return {
      {"program", fmt::format("{} {} {} {}", program.version, program.git_hash, program.compiler, program.build_type)},
      {"scenario", scenario_checksum(model)},
      {"profiles", profile_checksum(model.profiles)},
      {"recorded variables", schema_checksum(schema)}};
}

std::string text_checksum(std::string_view text) {
  Checksum sum;
  sum.add(text);
  return sum.text();
}

std::string inputs_text(const Fingerprint& fingerprint) {
  std::string out;
  for (const auto& [part, sum] : fingerprint)
    if (part != "program") out += fmt::format("{}{} {}", out.empty() ? "" : ", ", part, sum);
  return out;
}

std::string differing_parts(const Fingerprint& a, const Fingerprint& b) {
  std::string out;
  for (const auto& [part, sum] : a) {
    const auto other = std::ranges::find(b, part, &Fingerprint::value_type::first);
    if (other == b.end() || other->second != sum) out += (out.empty() ? "" : ", ") + part;
  }
  return out;
}

}  // namespace gridplus::output
