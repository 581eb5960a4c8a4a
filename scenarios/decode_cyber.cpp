// The block `cyber`: attacks, and what stands against them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "scenarios/decode_parts.hpp"

namespace gridplus::scenario {

namespace {

/// One name or a list of names.
std::vector<std::string> names_of(Context& context, const Node& node, const Path& path) {
  if (node.is_scalar() && !node.text.empty()) return {node.text};
  std::vector<std::string> names;
  if (node.is_list())
    for (std::size_t i = 0; i < node.items.size(); ++i)
      if (const auto text = decode_text(context, node.items[i], Path(path, i))) names.push_back(*text);
  if (names.empty())
    context.fail(node.where(), path, "nothing is named", "a name, or a list of names; * stands for any text");
  return names;
}

std::optional<ZonedTime> start_of(Context& context, const Node& entry, const Path& place) {
  const std::string text = entry_text(context, entry, "start", false, place);
  if (text.empty()) return std::nullopt;
  try {
    return parse_time(text, context.time.start().offset_s);
  } catch (const std::invalid_argument& error) {
    context.fail(entry.find("start")->where(), Path(place, "start"), error.what(), "a date and time");
    return std::nullopt;
  }
}

/// Keys that say something only for some kinds of attack.
struct Meaning {
  std::string_view key;
  std::vector<comms::AttackKind> kinds;
};

void check_keys(Context& context, const Node& entry, const Path& place, comms::AttackKind kind) {
  using comms::AttackKind;
  static const std::vector<Meaning> meanings = {
      {"capacity_taken", {AttackKind::denial_of_service}},
      {"loss", {AttackKind::denial_of_service}},
      {"links", {AttackKind::denial_of_service}},
      {"nodes", {AttackKind::denial_of_service}},
      {"bias", {AttackKind::false_data, AttackKind::false_prices}},
      {"offset", {AttackKind::false_data}},
      {"replay", {AttackKind::false_data}},
      {"stealthy", {AttackKind::false_data}},
      {"action", {AttackKind::compromised_devices, AttackKind::spoofed_commands}},
      {"period", {AttackKind::compromised_devices, AttackKind::spoofed_commands}},
      {"synchronicity", {AttackKind::compromised_devices}},
      {"spread", {AttackKind::compromised_devices}},
      {"repeat", {AttackKind::frozen_commands}},
      {"withheld", {AttackKind::market_manipulation}},
      {"mark_up", {AttackKind::market_manipulation}}};
  for (const Meaning& meaning : meanings) {
    const Node* const node = entry.find(meaning.key);
    if (node == nullptr || std::find(meaning.kinds.begin(), meaning.kinds.end(), kind) != meaning.kinds.end()) continue;
    std::vector<std::string_view> kinds;
    for (const AttackKind one : meaning.kinds) kinds.push_back(comms::k_attack_kinds[static_cast<std::size_t>(one)]);
    context.fail(node->where(), Path(place, meaning.key),
                 fmt::format("says nothing of {}", comms::k_attack_kinds[static_cast<std::size_t>(kind)]),
                 fmt::format("this key with type: {}", fmt::join(kinds, ", ")));
  }
}

void decode_attack(Context& context, const Node& entry, const Path& place, CyberSpec& out,
                   std::set<std::string>& names) {
  AttackEntry attack;
  attack.name = entry_text(context, entry, "name", true, place);
  attack.node = &entry;
  attack.position = out.attacks.size();
  std::vector<std::string> others = {"name", "start"};
  for (const std::string_view selector : k_attack_selectors) {
    others.emplace_back(selector);
    if (const Node* const node = entry.find(selector))
      attack.selectors[std::string(selector)] = names_of(context, *node, Path(place, selector));
  }
  decode_section(context, section_fields<AttackSection>(), &attack.values, entry, place, others);
  attack.start = start_of(context, entry, place);
  if (entry.find("start") == nullptr && std::isnan(attack.values.mean_interval_h))
    context.fail(entry.where(), place, "it is not said when the attack begins",
                 "start: a date and time, or mean_interval: for one that begins by chance");
  if (entry.find("type") != nullptr) check_keys(context, entry, place, attack.values.kind);
  if (!attack.name.empty() && !names.insert(attack.name).second)
    context.fail(entry.find("name")->where(), Path(place, "name"),
                 fmt::format("'{}' is the name of two attacks", attack.name), "a name for each attack");
  out.attacks.push_back(std::move(attack));
}

}  // namespace

void decode_cyber(Context& context, const Node& root, Spec& spec) {
  const Path top, path(top, "cyber");
  const Node* const block = find_map(context, root, "cyber", top);
  if (block == nullptr) return;
  CyberSpec& out = spec.cyber;
  out.node = block;
  refuse_unknown_keys(context, *block, {"defences", "attacks"}, path);
  if (const Node* const defences = find_map(context, *block, "defences", path))
    decode_section(context, section_fields<DefencesSection>(), &out.defences, *defences, Path(path, "defences"), {});
  std::set<std::string> names;
  for_each_entry(context, *block, "attacks", path,
                 [&](const Node& entry, const Path& place) { decode_attack(context, entry, place, out, names); });
  if (root.find("communication") == nullptr)
    context.fail(block->where(), path, "there is no communication network to attack", "a communication block beside it",
                 "add communication: {generate: {technology: lte}}");
}

}  // namespace gridplus::scenario
