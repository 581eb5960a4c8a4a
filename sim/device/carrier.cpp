#include "sim/device/carrier.hpp"

namespace gridplus {

std::string_view to_string(Carrier carrier) {
  return k_carrier_names[static_cast<std::size_t>(carrier)];
}

}  // namespace gridplus
