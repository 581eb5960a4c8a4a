// Whether somebody listens at a host and port, asked without waiting for long.
#pragma once

#include <string>

namespace gridplus::live {

/// Empty if a TCP connection can be made within `timeout_s`; else why not.
[[nodiscard]] std::string why_out_of_reach(const std::string& host, int port, double timeout_s);

}  // namespace gridplus::live
