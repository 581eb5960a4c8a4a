#include "sim/study/design.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/core/error.hpp"
#include "sim/core/random.hpp"

namespace gridplus::study {

std::int64_t Design::points() const {
  if (axes.empty()) return 1;
  if (sweep != Sweep::grid) return static_cast<std::int64_t>(axes.front().labels.size());
  std::int64_t product = 1;
  for (const Axis& axis : axes) product *= static_cast<std::int64_t>(axis.labels.size());
  return product;
}

MemberKey Design::key(std::int64_t member) const {
  const std::int64_t count = points();
  return {member % count, static_cast<std::uint32_t>(member / count)};
}

std::vector<std::size_t> Design::indices(std::int64_t point) const {
  std::vector<std::size_t> out(axes.size(), static_cast<std::size_t>(point));
  if (sweep != Sweep::grid) return out;
  for (std::size_t a = axes.size(); a-- > 0;) {
    const auto size = static_cast<std::int64_t>(axes[a].labels.size());
    out[a] = static_cast<std::size_t>(point % size);
    point /= size;
  }
  return out;
}

std::optional<std::int64_t> Design::baseline_point(std::int64_t point) const {
  if (baseline.empty()) return std::nullopt;
  if (sweep != Sweep::grid) return static_cast<std::int64_t>(baseline.front().value());
  const std::vector<std::size_t> own = indices(point);
  std::int64_t out = 0;
  for (std::size_t a = 0; a < axes.size(); ++a)
    out = out * static_cast<std::int64_t>(axes[a].labels.size()) +
          static_cast<std::int64_t>(baseline[a].value_or(own[a]));
  return out;
}

std::string Design::describe(std::int64_t member) const {
  const MemberKey at = key(member);
  const std::vector<std::size_t> own = indices(at.point);
  std::string out;
  for (std::size_t a = 0; a < axes.size(); ++a) out += fmt::format("{} = {}, ", axes[a].name, axes[a].labels[own[a]]);
  return out + fmt::format("replicate {}", at.replicate);
}

double Quantiles::at(double p) const {
  switch (kind) {
    case Kind::uniform:
      return a + (b - a) * p;
    case Kind::normal:
      return a + b * normal_quantile(p);
    case Kind::lognormal:
      return a * std::exp(b * normal_quantile(p));
    case Kind::triangular: {
      const double width = c - a, share = width > 0.0 ? (b - a) / width : 0.0;
      if (p < share) return a + std::sqrt(p * width * (b - a));
      return c - std::sqrt((1.0 - p) * width * (c - b));
    }
    case Kind::choice:
      return std::floor(p * static_cast<double>(choices));
  }
  throw InvariantError("unknown distribution");
}

std::vector<double> latin_hypercube(std::uint64_t seed, std::size_t axis, std::size_t samples) {
  const auto draw = [&](std::size_t i, std::uint32_t number) {
    return uniform({seed, 0, RandomStream::study_design, static_cast<std::uint32_t>(axis), i}, number);
  };
  std::vector<double> rank(samples);
  for (std::size_t i = 0; i < samples; ++i) rank[i] = draw(i, 0);
  std::vector<std::size_t> stratum(samples);
  std::iota(stratum.begin(), stratum.end(), std::size_t{0});
  std::stable_sort(stratum.begin(), stratum.end(), [&](std::size_t x, std::size_t y) { return rank[x] < rank[y]; });
  std::vector<double> out(samples);
  for (std::size_t i = 0; i < samples; ++i)
    out[i] = (static_cast<double>(stratum[i]) + draw(i, 1)) / static_cast<double>(samples);
  return out;
}

}  // namespace gridplus::study
