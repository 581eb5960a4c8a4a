#include "sim/powerflow/reference/newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace gridplus::powerflow::reference {

namespace {

constexpr double k_radian = std::numbers::pi / 180.0;
/// A mismatch beyond this (p.u.) never comes back.
constexpr double k_exploded_pu = 1e10;
/// A voltage below this (p.u.) is no state of a real grid: an unloaded bus balances at zero voltage too.
constexpr double k_collapsed_pu = 1e-3;
/// Rounds of switching between set points and reactive limits.
constexpr int k_most_rounds = 100;
/// A bus that has switched this often switches alone from then on, so that buses cannot push each other in a circle.
constexpr std::uint16_t k_restless = 4;

std::vector<std::uint8_t> closed_branches(const Admittance& y) {
  std::vector<std::uint8_t> closed(y.branch.size());
  std::transform(y.branch.begin(), y.branch.end(), closed.begin(),
                 [](const BranchAdmittance& branch) { return branch.ft != Complex{} ? 1 : 0; });
  for (const std::uint32_t coupler : y.merged.couplers) closed[coupler] = 1;
  return closed;
}

}  // namespace

NewtonSolver::NewtonSolver(const Grid& grid, const Admittance& admittance)
    : grid_(grid), y_(admittance), islands_(find_merged_islands(grid, closed_branches(admittance), admittance.merged)) {
  const std::size_t buses = grid.bus_count();
  const std::size_t entries = y_.column.size();
  ensure(y_.bus_count() == buses, "the admittances belong to another grid");
  // Rows are ascending, so walking through them meets the entries of each column in ascending order too.
  std::vector<std::int32_t> next(y_.row_start.begin(), y_.row_start.end() - 1);
  transpose_.resize(entries);
  for (std::size_t i = 0; i < buses; ++i) {
    for (std::int32_t e = y_.row_start[i]; e < y_.row_start[i + 1]; ++e) {
      transpose_[static_cast<std::size_t>(next[static_cast<std::size_t>(y_.column[static_cast<std::size_t>(e)])]++)] =
          e;
    }
  }
  places_.resize(entries);
  term_re_.resize(entries);
  term_im_.resize(entries);
  for (auto* per_bus : {&theta_, &vm_, &p_, &q_, &e_, &f_}) per_bus->assign(buses, 0.0);
  alpha_.assign(buses, 0.0);
  dependent_.assign(buses, {});
  limit_.assign(buses, QLimit::none);
  switches_.assign(buses, 0);
  free_voltage_.assign(buses, 0);
}

void NewtonSolver::check(const FlowInput& input, const FlowState& state) const {
  const std::size_t buses = grid_.bus_count();
  check_sizes(input, buses);
  ensure(state.vm_pu.size() == buses && state.va_deg.size() == buses, "a power flow needs a start for every bus");
}

bool NewtonSolver::voltage_is_free(std::size_t bus) const {
  return type_[bus] == BusType::pq || limit_[bus] != QLimit::none;
}

void NewtonSolver::start(const FlowInput& input, const FlowState& state) {
  for (std::size_t i = 0; i < grid_.bus_count(); ++i) {
    limit_[i] = QLimit::none;
    switches_[i] = 0;
    const BusType type = input.type[i];
    if (type == BusType::out) {
      vm_[i] = theta_[i] = 0.0;
      continue;
    }
    const double vm = type == BusType::pq ? state.vm_pu[i] : input.vm_set_pu[i];
    vm_[i] = type != BusType::pq || (std::isfinite(vm) && vm > 0.0) ? vm : 1.0;
    theta_[i] = std::isfinite(state.va_deg[i]) ? state.va_deg[i] * k_radian : 0.0;
    if (type == BusType::slack) theta_[i] = input.va_set_deg.empty() ? 0.0 : input.va_set_deg[i] * k_radian;
  }
}

SolveReport NewtonSolver::solve(const FlowInput& input, const FlowOptions& options, FlowState& state) {
  check(input, state);
  start(input, state);
  lu_.forget();
  SolveReport report;
  for (int round = 0;; ++round) {
    if (!update_pattern(input)) {
      report.status = SolveStatus::no_slack;
      return report;
    }
    const SolveReport last = iterate(input, options);
    report = {last.status, report.iterations + last.iterations, last.max_mismatch_pu};
    if (!report.converged() || !options.enforce_q_limits || input.q_min_mvar.empty()) break;
    if (!switch_limits(input, options, round)) break;
    if (round == k_most_rounds) {
      report.status = SolveStatus::iteration_limit;
      break;
    }
  }
  for (std::size_t i = 0; i < grid_.bus_count(); ++i) {
    state.vm_pu[i] = vm_[i];
    const double va_deg = theta_[i] / k_radian;
    state.va_deg[i] = std::abs(va_deg) <= 180.0 ? va_deg : std::remainder(va_deg, 360.0);
  }
  return report;
}

// ---- pattern -----------------------------------------------------------------------------------------------------

bool NewtonSolver::same_pattern(const FlowInput& input) const {
  if (!pattern_valid_ || !std::equal(input.type.begin(), input.type.end(), type_.begin(), type_.end())) return false;
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if ((free_voltage_[i] != 0) != voltage_is_free(i)) return false;
    if ((shares_[i] != 0) != (!input.participation.empty() && input.participation[i] > 0.0)) return false;
  }
  return true;
}

/// Makes the Jacobian's pattern for the present roles unless it is there. False if an island has no slack bus.
bool NewtonSolver::update_pattern(const FlowInput& input) {
  if (!same_pattern(input)) {
    pattern_valid_ = false;
    type_.assign(input.type.begin(), input.type.end());
    slack_ = find_slack_buses(islands_, type_);
    if (!slack_.complete) return false;
    number_unknowns(input);
    build_jacobian_pattern();
    pattern_valid_ = true;
  }
  for (std::size_t i = 0; i < type_.size(); ++i) alpha_[i] = shares_[i] != 0 ? input.participation[i] : 0.0;
  std::fill(missing_.begin(), missing_.end(), 0.0);
  return true;
}

/// Numbers equations and unknowns bus by bus. A slack bus that shares has the unknown D in the place of its angle.
void NewtonSolver::number_unknowns(const FlowInput& input) {
  const std::size_t buses = type_.size();
  shares_.assign(buses, 0);
  std::vector<std::uint8_t> island_shares(islands_.count, 0);
  for (std::size_t i = 0; i < buses; ++i) {
    if (input.participation.empty() || !(input.participation[i] > 0.0)) continue;
    shares_[i] = 1;
    if (type_[i] != BusType::out) island_shares[islands_.of_bus[i]] = 1;
  }
  row_p_.assign(buses, k_absent);
  row_q_.assign(buses, k_absent);
  row_p_is_d_.assign(buses, 0);
  std::int32_t count = 0;
  for (std::size_t i = 0; i < buses; ++i) {
    free_voltage_[i] = voltage_is_free(i) ? 1 : 0;
    if (type_[i] == BusType::out) continue;
    const bool slack = type_[i] == BusType::slack;
    if (!slack || island_shares[islands_.of_bus[i]] != 0) row_p_[i] = count++;
    row_p_is_d_[i] = slack && row_p_[i] != k_absent ? 1 : 0;
    if (free_voltage_[i] != 0) row_q_[i] = count++;
  }
  d_of_bus_.assign(buses, k_absent);
  for (std::size_t i = 0; i < buses; ++i) {
    if (type_[i] == BusType::out || shares_[i] == 0) continue;
    d_of_bus_[i] = row_p_[slack_.of_island[islands_.of_bus[i]]];
  }
  step_.assign(static_cast<std::size_t>(count), 0.0);
  missing_.assign(static_cast<std::size_t>(count), 0.0);
}

/// Compressed columns. Unknowns are numbered bus by bus, so each column meets its rows in ascending order.
void NewtonSolver::build_jacobian_pattern() {
  const std::size_t buses = type_.size();
  std::vector<std::int32_t> column_start{0};
  std::vector<std::int32_t> rows;
  std::fill(places_.begin(), places_.end(), Places{k_absent, k_absent, k_absent, k_absent});
  d_place_.assign(buses, k_absent);
  const auto enter = [&rows](std::int32_t row) {
    if (row == k_absent) return k_absent;
    rows.push_back(row);
    return static_cast<std::int32_t>(rows.size() - 1);
  };
  const auto close_column = [&] { column_start.push_back(static_cast<std::int32_t>(rows.size())); };
  const auto bus_column = [&](std::size_t j, std::int32_t Places::*p_place, std::int32_t Places::*q_place) {
    for (std::int32_t e = y_.row_start[j]; e < y_.row_start[j + 1]; ++e) {
      const auto i = static_cast<std::size_t>(y_.column[static_cast<std::size_t>(e)]);
      const auto entry = static_cast<std::size_t>(transpose_[static_cast<std::size_t>(e)]);
      if (i != j && y_.value[entry] == Complex{}) continue;  // open
      places_[entry].*p_place = enter(row_p_[i]);
      places_[entry].*q_place = enter(row_q_[i]);
    }
    close_column();
  };
  for (std::size_t j = 0; j < buses; ++j) {
    if (row_p_is_d_[j] != 0) {
      for (std::size_t i = 0; i < buses; ++i) {
        if (d_of_bus_[i] == row_p_[j]) d_place_[i] = enter(row_p_[i]);
      }
      close_column();
    } else if (row_p_[j] != k_absent) {
      bus_column(j, &Places::p_theta, &Places::q_theta);
    }
    if (row_q_[j] != k_absent) bus_column(j, &Places::p_u, &Places::q_u);
  }
  // What is absent is written to a place behind the last value.
  const auto spare = static_cast<std::int32_t>(rows.size());
  const auto redirect = [spare](std::int32_t& place) { place = place == k_absent ? spare : place; };
  for (Places& place : places_) {
    for (std::int32_t Places::*member : {&Places::p_theta, &Places::p_u, &Places::q_theta, &Places::q_u}) {
      redirect(place.*member);
    }
  }
  for (std::int32_t& place : d_place_) redirect(place);

  // The model matrix: the flat state, which belongs to the grid and the roles alone.
  jacobian_.assign(rows.size() + 1, 0.0);
  for (std::size_t i = 0; i < buses; ++i) {
    e_[i] = type_[i] == BusType::out ? 0.0 : 1.0;
    f_[i] = 0.0;
    alpha_[i] = shares_[i] != 0 ? 1.0 : 0.0;
    dependent_[i] = {};
  }
  compute_injections();
  fill_jacobian();
  lu_.analyse(std::move(column_start), std::move(rows), jacobian_);
  ++orderings_;
}

// ---- iteration ---------------------------------------------------------------------------------------------------

SolveReport NewtonSolver::iterate(const FlowInput& input, const FlowOptions& options) {
  SolveReport report;
  for (;; ++report.iterations) {
    for (std::size_t i = 0; i < vm_.size(); ++i) {
      e_[i] = vm_[i] * std::cos(theta_[i]);
      f_[i] = vm_[i] * std::sin(theta_[i]);
    }
    compute_injections();
    report.max_mismatch_pu = compute_mismatch(input);
    if (!(report.max_mismatch_pu < k_exploded_pu)) {
      report.status = SolveStatus::diverged;
      return report;
    }
    if (report.max_mismatch_pu < options.tolerance_pu) {
      report.status = collapsed() ? SolveStatus::diverged : SolveStatus::converged;
      return report;
    }
    if (report.iterations >= options.max_iterations) {
      report.status = SolveStatus::iteration_limit;
      return report;
    }
    fill_jacobian();
    if (!lu_.factor(jacobian_)) {
      report.status = SolveStatus::singular;
      return report;
    }
    lu_.solve(step_);
    apply_step();
  }
}

bool NewtonSolver::collapsed() const {
  for (std::size_t i = 0; i < vm_.size(); ++i) {
    if (type_[i] != BusType::out && !(vm_[i] > k_collapsed_pu)) return true;
  }
  return false;
}

/// Terms Y_ij V_j, and P and Q of each bus.
void NewtonSolver::compute_injections() {
  const Complex* value = y_.value.data();
  for (std::size_t i = 0; i < e_.size(); ++i) {
    double current_re = 0.0;
    double current_im = 0.0;
    const auto end = static_cast<std::size_t>(y_.row_start[i + 1]);
    for (auto e = static_cast<std::size_t>(y_.row_start[i]); e < end; ++e) {
      const auto j = static_cast<std::size_t>(y_.column[e]);
      const double g = value[e].real();
      const double b = value[e].imag();
      term_re_[e] = g * e_[j] - b * f_[j];
      term_im_[e] = g * f_[j] + b * e_[j];
      current_re += term_re_[e];
      current_im += term_im_[e];
    }
    p_[i] = e_[i] * current_re + f_[i] * current_im;
    q_[i] = f_[i] * current_re - e_[i] * current_im;
  }
}

/// Fills the right-hand side and returns the largest mismatch; infinity if any number is not finite.
double NewtonSolver::compute_mismatch(const FlowInput& input) {
  const double base = grid_.base_mva();
  double largest = 0.0;
  double sum = 0.0;  // not finite as soon as one term is not
  const auto enter = [&](std::int32_t row, double mismatch) {
    step_[static_cast<std::size_t>(row)] = mismatch;
    largest = std::max(largest, std::abs(mismatch));
    sum += std::abs(mismatch);
  };
  for (std::size_t i = 0; i < p_.size(); ++i) {
    const VoltageDependentPower dependent = voltage_dependent_power(input, i, vm_[i]);
    dependent_[i] = {dependent.power_mva / base, dependent.slope_mva / base};
    if (row_p_[i] != k_absent) {
      const double shared =
          d_of_bus_[i] == k_absent ? 0.0 : alpha_[i] * missing_[static_cast<std::size_t>(d_of_bus_[i])];
      enter(row_p_[i], input.p_mw[i] / base + dependent_[i].power.real() + shared - p_[i]);
    }
    if (row_q_[i] != k_absent) {
      const double target = limit_[i] == QLimit::none     ? input.q_mvar[i]
                            : limit_[i] == QLimit::at_min ? input.q_min_mvar[i]
                                                          : input.q_max_mvar[i];
      enter(row_q_[i], target / base + dependent_[i].power.imag() - q_[i]);
    }
  }
  return std::isfinite(sum) ? largest : std::numeric_limits<double>::infinity();
}

void NewtonSolver::fill_jacobian() {
  double* jacobian = jacobian_.data();
  for (std::size_t i = 0; i < e_.size(); ++i) {
    const double e_i = e_[i];
    const double f_i = f_[i];
    const auto end = static_cast<std::size_t>(y_.row_start[i + 1]);
    for (auto e = static_cast<std::size_t>(y_.row_start[i]); e < end; ++e) {
      const double a = e_i * term_re_[e] + f_i * term_im_[e];
      const double b = f_i * term_re_[e] - e_i * term_im_[e];
      const Places& place = places_[e];
      jacobian[place.p_theta] = b;
      jacobian[place.p_u] = a;
      jacobian[place.q_theta] = -a;
      jacobian[place.q_u] = b;
    }
    const Places& own = places_[static_cast<std::size_t>(y_.diagonal[i])];
    jacobian[own.p_theta] -= q_[i];
    jacobian[own.p_u] += p_[i] - dependent_[i].slope.real();
    jacobian[own.q_theta] += p_[i];
    jacobian[own.q_u] += q_[i] - dependent_[i].slope.imag();
    jacobian[d_place_[i]] = -alpha_[i];
  }
}

void NewtonSolver::apply_step() {
  for (std::size_t i = 0; i < vm_.size(); ++i) {
    if (row_p_[i] != k_absent) {
      const auto unknown = static_cast<std::size_t>(row_p_[i]);
      (row_p_is_d_[i] != 0 ? missing_[unknown] : theta_[i]) += step_[unknown];
    }
    if (row_q_[i] != k_absent) vm_[i] += vm_[i] * step_[static_cast<std::size_t>(row_q_[i])];
  }
}

// ---- reactive limits ---------------------------------------------------------------------------------------------

/// Moves buses onto and off their limits after a converged solve. False if every bus is where it belongs.
bool NewtonSolver::switch_limits(const FlowInput& input, const FlowOptions& options, int round) {
  const double base = grid_.base_mva();
  const double tolerance = options.tolerance_pu;
  bool switched = false;
  std::size_t worst = 0;
  double worst_excess = 0.0;
  QLimit worst_limit = QLimit::none;
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (type_[i] != BusType::pv && type_[i] != BusType::slack) continue;
    const double low = input.q_min_mvar[i] / base;
    const double high = input.q_max_mvar[i] / base;
    QLimit next = limit_[i];
    double excess = 0.0;
    if (limit_[i] == QLimit::none) {
      const double q = q_[i] - dependent_[i].power.imag();
      excess = std::max(q - high, low - q);
      if (excess > tolerance) next = q > high ? QLimit::at_max : QLimit::at_min;
    } else if (high - low > tolerance) {  // a unit with a fixed Q is always at its limit
      excess = (limit_[i] == QLimit::at_max ? 1.0 : -1.0) * (vm_[i] - input.vm_set_pu[i]);
      if (excess > tolerance) next = QLimit::none;
    }
    if (next == limit_[i]) continue;
    if (switches_[i] >= k_restless || round >= k_most_rounds / 2) {
      if (excess <= worst_excess) continue;
      worst = i;
      worst_excess = excess;
      worst_limit = next;
      continue;
    }
    limit_[i] = next;
    ++switches_[i];
    if (next == QLimit::none) vm_[i] = input.vm_set_pu[i];
    switched = true;
  }
  if (switched || worst_excess == 0.0) return switched;
  limit_[worst] = worst_limit;
  ++switches_[worst];
  if (worst_limit == QLimit::none) vm_[worst] = input.vm_set_pu[worst];
  return true;
}

}  // namespace gridplus::powerflow::reference
