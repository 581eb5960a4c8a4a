// The parts of decode(), one a file.
#pragma once

#include <functional>

#include "scenarios/spec.hpp"

namespace gridplus::scenario {

/// Decodes the members of `map` that are fields of a section into `owner`; reports missing required ones and all keys
/// that are neither fields nor in `other_keys`. Sections do not vary with time, but for series.
void decode_section(Context& context, std::span<const FieldInfo> fields, void* owner, const Node& map, const Path& path,
                    std::vector<std::string> other_keys, std::string_view name = {});

/// Calls `each` for every entry of the list `key` of `parent`; reports what is no list of maps.
void for_each_entry(Context& context, const Node& parent, std::string_view key, const Path& path,
                    const std::function<void(const Node& entry, const Path& place)>& each);

/// The map `key` of `parent`, or nullptr if it is absent; reports what is no map.
[[nodiscard]] const Node* find_map(Context& context, const Node& parent, std::string_view key, const Path& path);

/// The text of a key of an entry; empty if absent, which is reported where it is `required`.
[[nodiscard]] std::string entry_text(Context& context, const Node& entry, std::string_view key, bool required,
                                     const Path& path);

/// The block `record` of `parent`, if there is one.
[[nodiscard]] std::optional<RecordSpec> decode_record(Context& context, const Node& parent, const Path& path);
/// The block `study`, if there is one.
void decode_study(Context& context, const Node& root, Spec& spec);
/// Reports forced outage data that do not fit together; NaN: not given.
void check_forced_outage(Context& context, const Node& entry, const Path& path, double mttf_h, double mttr_h,
                         double rate);
/// The same data as the engine takes them.
[[nodiscard]] ForcedOutage to_forced_outage(double mttf_h, double mttr_h, double rate);

void decode_time(Context& context, const Node& root, const Path& path);
void decode_grid(Context& context, const Node& root, Spec& spec);
void decode_events(Context& context, const Node& root, Spec& spec);
void decode_microgrids(Context& context, const Node& root, Spec& spec);
void decode_communication(Context& context, const Node& root, Spec& spec);
void decode_cyber(Context& context, const Node& root, Spec& spec);
void decode_devices(Context& context, const Node& root, std::span<const ModelInfo> models, Spec& spec);
void decode_adequacy(Context& context, const Node& root, Spec& spec);

}  // namespace gridplus::scenario
