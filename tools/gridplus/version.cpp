#include <H5public.h>
#include <fmt/format.h>
#include <libdeflate.h>

#include <boost/version.hpp>

#include "sim/core/version.hpp"
#include "sim/powerflow/lane_kernels.hpp"
#include "tools/gridplus/command.hpp"

namespace gridplus::tools {

std::string version_text() {
  const ProgramVersion& program = program_version();
  return fmt::format(
      "gridplus {} ({})\ncompiler {}, {}\nSIMD {}\nHDF5 {}.{}.{}, libdeflate {}, Boost {}.{}.{}, fmt {}.{}.{}",
      program.version, program.git_hash, program.compiler, program.build_type, powerflow::lane_kernels().name,
      H5_VERS_MAJOR, H5_VERS_MINOR, H5_VERS_RELEASE, LIBDEFLATE_VERSION_STRING, BOOST_VERSION / 100000,
      BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100, FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

}  // namespace gridplus::tools
