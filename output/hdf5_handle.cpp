#include "output/hdf5_handle.hpp"

#include <fmt/format.h>

#include "sim/core/error.hpp"

namespace gridplus::output {

void fail_hdf5(const std::string& what) {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned depth, const H5E_error2_t* error, void* out) -> herr_t {
        if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &reason);
  H5Eclear2(H5E_DEFAULT);
  throw IoError(reason.empty() ? what : fmt::format("{}: {}", what, reason));
}

void silence_hdf5() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Handle make_text_type(std::size_t size) {
  Handle type(H5Tcopy(H5T_C_S1), "cannot make a text type");
  check_hdf5(H5Tset_size(type.get(), size == 0 ? H5T_VARIABLE : size), "cannot make a text type");
  check_hdf5(H5Tset_cset(type.get(), H5T_CSET_UTF8), "cannot make a text type");
  check_hdf5(H5Tset_strpad(type.get(), H5T_STR_NULLTERM), "cannot make a text type");
  return type;
}

}  // namespace gridplus::output
