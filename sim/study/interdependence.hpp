// A grid and its communication network as two graphs over the same places, for the structural question: how many places
// may be lost before the rest falls apart (sim/comms/percolation.hpp).
//
// A place is a bus with the communication nodes that it supplies: each needs the other. Communication nodes that no bus
// supplies never fail; they join all places that they have links to.
#pragma once

#include <cstddef>

#include "sim/comms/percolation.hpp"
#include "sim/step/model.hpp"

namespace gridplus::study {

struct Interdependence {
  std::size_t places = 0;
  comms::Edges power;            ///< closed branches
  comms::Edges communication;    ///< links, between the places of their ends
  std::size_t without_node = 0;  ///< places at which no communication node is: nothing can be told there
};

/// The model must have communications.
[[nodiscard]] Interdependence interdependence(const Model& model);

}  // namespace gridplus::study
