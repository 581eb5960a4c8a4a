// Going through the banks of a kind of devices.
#pragma once

#include <cstddef>

namespace gridplus {

/// Calls fn(bank, state of the bank, first id, count) for every bank of a kind.
template <class Banks, class States, class Fn>
void for_each_bank(const Banks& banks, States& states, Fn fn) {
  std::size_t first = 0;
  for (std::size_t b = 0; b < banks.size(); ++b) {
    fn(*banks[b], states[b], first, banks[b]->size());
    first += banks[b]->size();
  }
}

}  // namespace gridplus
