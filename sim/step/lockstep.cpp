#include "sim/step/lockstep.hpp"

namespace gridplus {

namespace {

/// Calls part(simulation); keeps what it throws. Returns false where it threw.
template <class Part>
bool attempt(LockstepRun& run, Part part) {
  try {
    part(*run.simulation);
    return true;
  } catch (...) {
    run.error = std::current_exception();
    return false;
  }
}

}  // namespace

void Lockstep::advance(std::span<LockstepRun> runs) {
  open_.clear();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].block = nullptr;
    runs[i].error = nullptr;
    if (attempt(runs[i], [](Simulation& run) { run.begin_block(); })) open_.push_back(i);
  }
  while (!open_.empty()) {
    solve(runs);
    std::erase_if(open_, [&](std::size_t i) {
      if (runs[i].error) return true;
      bool done = true;
      return !attempt(runs[i], [&](Simulation& run) { done = run.go_on(); }) || done;
    });
  }
  for (LockstepRun& run : runs)
    if (!run.error) attempt(run, [&](Simulation& simulation) { run.block = &simulation.end_block(); });
}

/// The flows that open runs ask for. Where they cannot be solved together each is solved by itself, to find whose
/// fault it is.
void Lockstep::solve(std::span<LockstepRun> runs) {
  asked_.clear();
  first_.clear();
  for (const std::size_t i : open_) {
    first_.push_back(asked_.size());
    runs[i].simulation->ask(asked_);
  }
  if (asked_.empty()) return;
  first_.push_back(asked_.size());
  try {
    bases_.solve(asked_);
  } catch (...) {
    for (std::size_t k = 0; k < open_.size(); ++k)
      attempt(runs[open_[k]], [&](Simulation& run) {
        run.solve(bases_, std::span(asked_).subspan(first_[k], first_[k + 1] - first_[k]));
      });
  }
}

}  // namespace gridplus
