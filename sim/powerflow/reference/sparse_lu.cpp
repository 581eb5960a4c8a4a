#include "sim/powerflow/reference/sparse_lu.hpp"

#include <klu.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/core/error.hpp"

namespace gridplus::powerflow::reference {

namespace {

/// Reused pivots are refused when they lose this much against the pivots of the model, measured by KLU's estimate
/// min |U_kk| / max |U_kk|, which costs one pass over the diagonal.
constexpr double k_least_pivot_quality = 1e-4;

}  // namespace

struct SparseLu::Factors {
  klu_common common{};
  klu_symbolic* symbolic = nullptr;
  klu_numeric* model = nullptr;  ///< its pivots stay; its numbers are those of the last matrix factored with them
  klu_numeric* own = nullptr;    ///< pivots of a single matrix
  double model_quality = 0.0;
  std::vector<std::int32_t> column_start, row;
  std::size_t fresh = 0;

  Factors() { klu_defaults(&common); }
  Factors(const Factors&) = delete;
  Factors& operator=(const Factors&) = delete;
  ~Factors() { clear(); }

  void clear() {
    klu_free_numeric(&own, &common);
    klu_free_numeric(&model, &common);
    klu_free_symbolic(&symbolic, &common);
  }

  double quality(klu_numeric* numeric) { return klu_rcond(symbolic, numeric, &common) != 0 ? common.rcond : 0.0; }

  klu_numeric* choose_pivots(std::span<double> values) {
    klu_numeric* numeric = klu_factor(column_start.data(), row.data(), values.data(), symbolic, &common);
    if (numeric != nullptr && common.status != KLU_OK) klu_free_numeric(&numeric, &common);
    if (numeric == nullptr) {
      ensure(common.status == KLU_SINGULAR, "KLU could not factor: out of memory, or the matrix is not what it seems");
    }
    return numeric;
  }

  bool reuse_pivots(klu_numeric* numeric, std::span<double> values) {
    if (numeric == nullptr) return false;
    if (klu_refactor(column_start.data(), row.data(), values.data(), symbolic, numeric, &common) == 0) return false;
    return common.status == KLU_OK && quality(numeric) > k_least_pivot_quality * model_quality;
  }
};

SparseLu::SparseLu() : factors_(std::make_unique<Factors>()) {}
SparseLu::~SparseLu() = default;
SparseLu::SparseLu(SparseLu&&) noexcept = default;
SparseLu& SparseLu::operator=(SparseLu&&) noexcept = default;

void SparseLu::analyse(std::vector<std::int32_t> column_start, std::vector<std::int32_t> row,
                       std::span<double> values) {
  Factors& f = *factors_;
  f.clear();
  f.column_start = std::move(column_start);
  f.row = std::move(row);
  const int size = static_cast<int>(f.column_start.size()) - 1;
  if (size == 0) return;
  f.symbolic = klu_analyze(size, f.column_start.data(), f.row.data(), &f.common);
  ensure(f.symbolic != nullptr, "KLU could not order the matrix: out of memory, or its pattern is not valid");
  f.model = f.choose_pivots(values);
  f.model_quality = f.model == nullptr ? 0.0 : f.quality(f.model);
}

void SparseLu::forget() {
  klu_free_numeric(&factors_->own, &factors_->common);
}

bool SparseLu::factor(std::span<double> values) {
  Factors& f = *factors_;
  if (f.symbolic == nullptr) return true;  // a matrix without rows
  if (f.reuse_pivots(f.own != nullptr ? f.own : f.model, values)) return true;
  forget();
  ++f.fresh;
  f.own = f.choose_pivots(values);
  return f.own != nullptr && f.quality(f.own) > 0.0;
}

void SparseLu::solve(std::span<double> right_hand_side) {
  Factors& f = *factors_;
  if (f.symbolic == nullptr) return;
  klu_numeric* numeric = f.own != nullptr ? f.own : f.model;
  klu_solve(f.symbolic, numeric, static_cast<int>(right_hand_side.size()), 1, right_hand_side.data(), &f.common);
}

std::size_t SparseLu::fresh_factors() const {
  return factors_->fresh;
}

}  // namespace gridplus::powerflow::reference
