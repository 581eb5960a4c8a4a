// Sparse LU factors of many matrices of one pattern, on SuiteSparse KLU.
//
// T. A. Davis, E. Palamadai Natarajan: Algorithm 907: KLU, a direct sparse solver for circuit simulation problems. ACM
// Transactions on Mathematical Software 37(3), 2010.
//
// The ordering is found once. Row pivots are chosen once too, for a matrix that belongs to the pattern ("model"
// matrix), and used again for every matrix that follows, which is several times faster than choosing them anew. Where
// they fit a matrix badly, pivots of its own are chosen and kept until forget(). As the model's pivots never change,
// the factors of a matrix do not depend on the matrices seen before the last forget().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace gridplus::powerflow::reference {

class SparseLu {
 public:
  SparseLu();
  ~SparseLu();
  SparseLu(SparseLu&&) noexcept;
  SparseLu& operator=(SparseLu&&) noexcept;

  /// Orders the square pattern given in compressed columns (rows ascending) and chooses pivots for the model matrix
  /// `values`. Keeps the pattern. A singular model is no failure: each matrix then gets pivots of its own.
  void analyse(std::vector<std::int32_t> column_start, std::vector<std::int32_t> row, std::span<double> values);

  /// Drops the pivots chosen for single matrices since the last call.
  void forget();

  /// Factors the matrix `values`. False if it is singular or not finite. Allocates only when it must choose pivots.
  [[nodiscard]] bool factor(std::span<double> values);

  /// Solves in place with the last factors.
  void solve(std::span<double> right_hand_side);

  /// How often pivots were chosen anew for a single matrix, since the object was made.
  [[nodiscard]] std::size_t fresh_factors() const;

 private:
  struct Factors;
  std::unique_ptr<Factors> factors_;
};

}  // namespace gridplus::powerflow::reference
