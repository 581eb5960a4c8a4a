// The block `events`: planned outages, failures by chance, storms, repair crews.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <stdexcept>

#include "scenarios/decode_parts.hpp"

namespace gridplus::scenario {

namespace {

constexpr std::array<std::string_view, 4> k_kinds = {"outage", "failures", "storm", "repair_crews"};

class EventDecoder {
 public:
  EventDecoder(Context& context, Spec& spec) : context_(context), spec_(spec) {}

  void decode(const Node& entry, const Path& place, std::size_t position) {
    int kinds = 0;
    std::string_view kind;
    for (const std::string_view key : k_kinds)
      if (entry.find(key) != nullptr) kind = key, ++kinds;
    if (kinds != 1) {
      context_.fail(entry.where(), place,
                    kinds == 0 ? "it is not said what happens" : "several things happen in one entry",
                    fmt::format("one of the keys {}", fmt::join(k_kinds, ", ")));
      return;
    }
    if (kind == "outage") outage(entry, place, position);
    if (kind == "failures") failures(entry, place, position);
    if (kind == "storm") storm(entry, place, position);
    if (kind == "repair_crews") repairs(entry, place);
  }

 private:
  std::optional<ZonedTime> date(const Node& entry, std::string_view key, const Path& path) {
    const std::string text = entry_text(context_, entry, key, true, path);
    if (text.empty()) return std::nullopt;
    try {
      return parse_time(text, context_.time.start().offset_s);
    } catch (const std::invalid_argument& error) {
      context_.fail(entry.find(key)->where(), Path(path, key), error.what(), "a date and time");
      return std::nullopt;
    }
  }

  /// One name or a list of names.
  std::vector<std::string> names(const Node& entry, std::string_view key, const Path& place) {
    const Node* const node = entry.find(key);
    const Path path(place, key);
    std::vector<std::string> out;
    if (node->is_scalar() && !node->text.empty()) return {node->text};
    if (node->is_list())
      for (std::size_t i = 0; i < node->items.size(); ++i)
        if (const auto text = decode_text(context_, node->items[i], Path(path, i))) out.push_back(*text);
    if (out.empty())
      context_.fail(node->where(), path, "nothing is named", "a name, or a list of names; * stands for any text");
    return out;
  }

  void outage(const Node& entry, const Path& place, std::size_t position) {
    refuse_unknown_keys(context_, entry, {"outage", "from", "to", "reason"}, place);
    OutageEntry outage;
    outage.subject = entry_text(context_, entry, "outage", true, place);
    outage.reason = entry_text(context_, entry, "reason", false, place);
    outage.node = &entry;
    outage.position = position;
    const auto from = date(entry, "from", place);
    const auto to = date(entry, "to", place);
    if (!from || !to || outage.subject.empty()) return;
    if (to->utc <= from->utc)
      context_.fail(entry.find("to")->where(), Path(place, "to"), "the outage ends before it begins",
                    "a time after 'from'");
    outage.from = *from;
    outage.to = *to;
    spec_.outages.push_back(std::move(outage));
  }

  void failures(const Node& entry, const Path& place, std::size_t position) {
    FailureEntry failure;
    decode_section(context_, section_fields<FailureSection>(), &failure.values, entry, place, {"failures", "name"});
    failure.subjects = names(entry, "failures", place);
    failure.name = entry_text(context_, entry, "name", false, place);
    failure.node = &entry;
    failure.position = position;
    spec_.failures.push_back(std::move(failure));
  }

  void storm(const Node& entry, const Path& place, std::size_t position) {
    StormEntry storm;
    storm.name = entry_text(context_, entry, "storm", true, place);
    decode_section(context_, section_fields<StormSection>(), &storm.values, entry, place, {"storm", "branches"},
                   storm.name);
    storm.branches =
        entry.find("branches") == nullptr ? std::vector<std::string>{"*"} : names(entry, "branches", place);
    storm.node = &entry;
    storm.position = position;
    check_fragility(entry, place, storm.values.fragility);
    spec_.storms.push_back(std::move(storm));
  }

  void check_fragility(const Node& entry, const Path& place, const Curve& curve) {
    bool good = curve.count > 0;
    for (std::uint32_t i = 0; i < curve.count; ++i) {
      good = good && curve.y[i] >= 0.0 && curve.y[i] <= 1.0;
      if (i > 0) good = good && curve.x[i] > curve.x[i - 1] && curve.y[i] >= curve.y[i - 1];
    }
    const Node* const node = entry.find("fragility");
    if (!good && node != nullptr)
      context_.fail(node->where(), Path(place, "fragility"), "the points are no rising chance of failure",
                    "points such as [30 m/s, 0], [60 m/s, 1]: wind and chance ascending, chances from 0 to 1");
  }

  void repairs(const Node& entry, const Path& place) {
    if (spec_.repairs.crews > 0)
      context_.fail(entry.where(), place, "the repair crews are given twice", "one entry with repair_crews");
    decode_section(context_, section_fields<RepairSection>(), &spec_.repairs, entry, place, {});
  }

  Context& context_;
  Spec& spec_;
};

}  // namespace

void decode_events(Context& context, const Node& root, Spec& spec) {
  const Path top;
  EventDecoder decoder(context, spec);
  std::size_t position = 0;
  const Node* const list = root.find("events");
  for_each_entry(context, root, "events", top, [&](const Node& entry, const Path& place) {
    while (&list->items[position] != &entry) ++position;
    decoder.decode(entry, place, position);
  });
}

}  // namespace gridplus::scenario
