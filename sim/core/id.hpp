// Typed 32-bit identifiers. An id is an index into the arrays of its kind; ids of different kinds do not mix.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace gridplus {

/// Index of one entity of the kind `Tag`; invalid until assigned.
template <class Tag>
class Id {
 public:
  using value_type = std::uint32_t;

  constexpr Id() = default;
  constexpr explicit Id(std::size_t value) : value_(static_cast<value_type>(value)) {}

  /// Position in the arrays of the kind. Meaningless for an invalid id.
  [[nodiscard]] constexpr value_type index() const { return value_; }
  [[nodiscard]] constexpr bool valid() const { return value_ != k_invalid; }

  friend constexpr auto operator<=>(Id, Id) = default;

 private:
  static constexpr value_type k_invalid = std::numeric_limits<value_type>::max();
  value_type value_ = k_invalid;
};

using BusId = Id<struct BusTag>;
using BranchId = Id<struct BranchTag>;
using ProducerId = Id<struct ProducerTag>;
using ConsumerId = Id<struct ConsumerTag>;
using StorageId = Id<struct StorageTag>;
using IslandId = Id<struct IslandTag>;
using NodeId = Id<struct NodeTag>;
using LinkId = Id<struct LinkTag>;
using EndpointId = Id<struct EndpointTag>;
using ControllerId = Id<struct ControllerTag>;
using ProfileId = Id<struct ProfileTag>;

}  // namespace gridplus

template <class Tag>
struct std::hash<gridplus::Id<Tag>> {
  std::size_t operator()(gridplus::Id<Tag> id) const noexcept { return std::hash<std::uint32_t>{}(id.index()); }
};
