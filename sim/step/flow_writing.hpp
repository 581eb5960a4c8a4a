// What a solved power flow leaves in the block: output of producers, what consumers draw, voltages, taps.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/powerflow/coupler_flows.hpp"
#include "sim/step/stage.hpp"
#include "sim/step/step_flow.hpp"

namespace gridplus {

class FlowWriting {
 public:
  FlowWriting(const Model& model, int threads);

  /// Something has switched.
  void prepare(const Topology& topology);
  /// Writes step `s`, whose bus and branch quantities are there already. `first_taps`: of a flow without its own;
  /// `worker`: the thread.
  void write(Frame& frame, std::size_t s, const StepFlow& flow, const powerflow::TapRegulator& first_taps, int worker);

 private:
  /// One thread's memory for couplers.
  struct CouplerScratch {
    std::optional<powerflow::CouplerFlows> couplers;
    powerflow::FlowResult result;
  };

  void write_buses(Frame& frame, std::size_t s, const StepFlow& flow) const;
  void write_consumers(Frame& frame, std::size_t s, const StepFlow& flow) const;
  void recover_couplers(Frame& frame, std::size_t s, const StepFlow& flow, CouplerScratch& scratch) const;
  void write_taps(Frame& frame, std::size_t s, const StepFlow& flow, const powerflow::TapRegulator& first_taps) const;

  const Model& model_;
  std::vector<CouplerScratch> couplers_;  ///< per thread
};

}  // namespace gridplus
