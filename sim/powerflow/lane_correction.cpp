#include "sim/powerflow/lane_correction.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus::powerflow {

namespace {

constexpr std::size_t k_vector = 4;
constexpr std::size_t k_bus = 2 * k_group_lanes;
/// A pivot this much smaller than the largest says that the outage splits the grid.
constexpr double k_singular = 1e-9;

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

/// Reads the stream of one row: blocks (row, column) with zeros where a PV bus has no equation or unknown.
class StreamReader {
 public:
  StreamReader(const FactorView& f, const std::int32_t* column, const float* value)
      : f_(f), column_(column), value_(value) {}

  PathFactor::Block diagonal(std::int32_t row) {
    if (f_.is_pv[row] != 0) return {*value_++, 0.0F, 0.0F, 1.0F};
    value_ += 4;
    return {value_[-4], value_[-3], value_[-2], value_[-1]};
  }

  template <class Use>
  void row(std::int32_t row, const std::int32_t* count, const Use& use) {
    for (const bool pv : {false, true}) {
      for (std::int32_t k = 0; k < count[pv ? 1 : 0]; ++k) {
        PathFactor::Block block{};
        for (std::size_t equation = 0; equation < (f_.is_pv[row] != 0 ? 1U : 2U); ++equation) {
          block[2 * equation] = *value_++;
          if (!pv) block[2 * equation + 1] = *value_++;
        }
        use(*column_++, block);
      }
    }
  }

 private:
  const FactorView& f_;
  const std::int32_t* column_;
  const float* value_;
};

/// to -= block times from, per term
void subtract(const PathFactor::Block& block, const float* from, std::size_t stride, float* to) {
  for (std::size_t t = 0; t < stride; t += k_vector) {
    for (std::size_t k = t; k < t + k_vector; ++k) {
      to[k] -= block[0] * from[k] + block[1] * from[stride + k];
      to[stride + k] -= block[2] * from[k] + block[3] * from[stride + k];
    }
  }
}

}  // namespace

PathFactor::PathFactor(const LaneBase& base) {
  const LanePattern& pattern = base.pattern();
  const FactorView f = base.factor();
  for (std::int32_t k = 0; k < pattern.active; ++k) {
    for (const std::int32_t j : pattern.upper.row(at(k))) {
      if (j < pattern.active) above.column.push_back(j);
    }
    above.start.push_back(static_cast<std::int32_t>(above.column.size()));
  }
  lower.resize(above.column.size());
  upper.resize(above.column.size());
  inverse.resize(at(pattern.active));
  // Rows of L come in ascending order, and so does each of its columns.
  std::vector<std::int32_t> next(above.start.begin(), above.start.end() - 1);
  StreamReader low(f, f.lower_column, f.lower_value);
  for (std::int32_t i = 0; i < pattern.active; ++i) {
    low.row(i, f.lower_count + 2 * i, [&](std::int32_t k, const Block& block) { lower[at(next[at(k)]++)] = block; });
  }
  StreamReader high(f, f.upper_column, f.upper_value);
  for (std::int32_t k = pattern.active - 1; k >= 0; --k) {
    inverse[at(k)] = high.diagonal(k);
    const auto row = above.row(at(k));
    high.row(k, f.upper_count + 2 * k, [&](std::int32_t j, const Block& block) {
      const auto place = std::lower_bound(row.begin(), row.end(), j) - row.begin();
      upper[at(above.start[at(k)]) + static_cast<std::size_t>(place)] = block;
    });
  }
}

bool LaneCorrection::make(const PathFactor& factor, std::span<const Column> c, std::span<const Column> r,
                          std::span<const double> d, CorrectionScratch& scratch) {
  terms_ = std::max(c.size(), r.size());
  ensure(terms_ <= k_most_terms && d.size() == c.size() * r.size(), "a correction has too many terms");
  stride_ = (terms_ + k_vector - 1) / k_vector * k_vector;
  find_paths(factor, c, r, scratch);
  solve_paths(factor, scratch);
  column_ = scratch.column;
  row_ = scratch.row;
  // D, filled up with zeros to a square.
  scratch.matrix.assign(3 * terms_ * terms_, 0.0);
  for (std::size_t i = 0; i < c.size(); ++i) {
    std::copy_n(d.data() + i * r.size(), r.size(), scratch.matrix.data() + i * terms_);
  }
  const bool regular = make_middle(scratch);
  for (const std::int32_t position : place_) scratch.local[at(position)] = -1;
  return regular;
}

/// Collects the paths from every entry to the root, and puts the entries in their places.
void LaneCorrection::find_paths(const PathFactor& factor, std::span<const Column> c, std::span<const Column> r,
                                CorrectionScratch& scratch) {
  scratch.local.resize(factor.inverse.size(), -1);
  place_.clear();
  const auto collect = [&](std::span<const Column> columns) {
    for (const Column& column : columns) {
      for (const auto& [unknown, value] : column) {
        for (std::int32_t k = unknown.position; scratch.local[at(k)] < 0;) {
          scratch.local[at(k)] = 0;
          place_.push_back(k);
          const auto row = factor.above.row(at(k));
          if (row.empty()) break;
          k = row.front();
        }
      }
    }
  };
  collect(c);
  collect(r);
  std::sort(place_.begin(), place_.end());
  for (std::size_t p = 0; p < place_.size(); ++p) scratch.local[at(place_[p])] = static_cast<std::int32_t>(p);
  const auto enter = [&](std::span<const Column> columns, std::vector<float>& values) {
    values.assign(place_.size() * 2 * stride_, 0.0F);
    for (std::size_t k = 0; k < columns.size(); ++k) {
      for (const auto& [unknown, value] : columns[k]) {
        values[(2 * at(scratch.local[at(unknown.position)]) + at(unknown.part)) * stride_ + k] +=
            static_cast<float>(value);
      }
    }
  };
  enter(c, scratch.column);
  enter(r, scratch.row);
}

/// c = L^-1 C and r^T = R^T U^-1 along the paths.
void LaneCorrection::solve_paths(const PathFactor& factor, CorrectionScratch& scratch) const {
  std::array<float, 2 * k_most_terms> own{};
  for (std::size_t p = 0; p < place_.size(); ++p) {
    const std::size_t k = at(place_[p]);
    const float* c = scratch.column.data() + 2 * p * stride_;
    float* r = scratch.row.data() + 2 * p * stride_;
    std::copy_n(r, 2 * stride_, own.data());
    const PathFactor::Block& inverse = factor.inverse[k];
    for (std::size_t t = 0; t < stride_; ++t) {
      r[t] = inverse[0] * own[t] + inverse[2] * own[stride_ + t];
      r[stride_ + t] = inverse[1] * own[t] + inverse[3] * own[stride_ + t];
    }
    for (auto e = at(factor.above.start[k]); e < at(factor.above.start[k + 1]); ++e) {
      const std::size_t q = 2 * at(scratch.local[at(factor.above.column[e])]) * stride_;
      subtract(factor.lower[e], c, stride_, scratch.column.data() + q);
      const PathFactor::Block& u = factor.upper[e];
      subtract({u[0], u[2], u[1], u[3]}, own.data(), stride_, scratch.row.data() + q);
    }
  }
}

/// The middle matrix W = D (I + K D)^-1, from W (I + K D) = D by elimination of columns.
bool LaneCorrection::make_middle(CorrectionScratch& scratch) {
  const std::size_t n = terms_;
  double* d = scratch.matrix.data();
  double* a = d + n * n;  // (I + K D)^T, so that rows can be eliminated: a x = d^T
  double* k = a + n * n;
  for (std::size_t p = 0; p < 2 * place_.size(); ++p) {
    for (std::size_t i = 0; i < n; ++i) {
      const double r = row_[p * stride_ + i];
      for (std::size_t j = 0; j < n; ++j) k[i * n + j] += r * column_[p * stride_ + j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = i == j ? 1.0 : 0.0;
      for (std::size_t l = 0; l < n; ++l) sum += k[i * n + l] * d[l * n + j];
      a[j * n + i] = sum;
    }
  }
  double* x = k;  // d^T, then W^T
  double largest = 1.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      x[j * n + i] = d[i * n + j];
      largest = std::max(largest, std::abs(a[i * n + j]));
    }
  }
  for (std::size_t s = 0; s < n; ++s) {
    std::size_t pivot = s;
    for (std::size_t i = s + 1; i < n; ++i) {
      if (std::abs(a[i * n + s]) > std::abs(a[pivot * n + s])) pivot = i;
    }
    if (!(std::abs(a[pivot * n + s]) > k_singular * largest)) return false;
    if (pivot != s) {
      std::swap_ranges(a + s * n, a + s * n + n, a + pivot * n);
      std::swap_ranges(x + s * n, x + s * n + n, x + pivot * n);
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (i == s) continue;
      const double factor = a[i * n + s] / a[s * n + s];
      for (std::size_t j = s; j < n; ++j) a[i * n + j] -= factor * a[s * n + j];
      for (std::size_t j = 0; j < n; ++j) x[i * n + j] -= factor * x[s * n + j];
    }
  }
  middle_.assign(n * n, 0.0F);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) middle_[j * n + i] = static_cast<float>(x[i * n + j] / a[i * n + i]);
  }
  return true;
}

void LaneCorrection::apply(float* y) const {
  if (place_.empty()) return;
  std::array<float, k_most_terms> s{};
  for (std::size_t p = 0; p < place_.size(); ++p) {
    const float* own = y + at(place_[p]) * k_bus;
    const float* r = row_.data() + 2 * p * stride_;
    for (std::size_t t = 0; t < stride_; t += k_vector) {
      for (std::size_t k = t; k < t + k_vector; ++k) s[k] += r[k] * own[0] + r[stride_ + k] * own[k_group_lanes];
    }
  }
  std::array<float, k_most_terms> w{};
  for (std::size_t i = 0; i < terms_; ++i) {
    for (std::size_t j = 0; j < terms_; ++j) w[i] += middle_[i * terms_ + j] * s[j];
  }
  for (std::size_t p = 0; p < place_.size(); ++p) {
    float* own = y + at(place_[p]) * k_bus;
    const float* c = column_.data() + 2 * p * stride_;
    float theta = 0.0F;
    float rho = 0.0F;
    for (std::size_t t = 0; t < stride_; t += k_vector) {
      for (std::size_t k = t; k < t + k_vector; ++k) {
        theta += c[k] * w[k];
        rho += c[stride_ + k] * w[k];
      }
    }
    own[0] -= theta;
    own[k_group_lanes] -= rho;
  }
}

}  // namespace gridplus::powerflow
