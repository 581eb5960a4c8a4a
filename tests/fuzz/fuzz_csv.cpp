// Any bytes as a CSV table: read, or refused with InputError.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scenarios/csv.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gridplus;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    csv::Reader table = csv::Reader::over(text, "fuzz.csv");
    while (table.next()) {
      for (std::size_t i = 0; i < table.row().size(); ++i) {
        const SourceLocation where = table.where(i);
        ensure(where.line > 0 && where.column > 0, "a cell stands somewhere");
      }
    }
  } catch (const InputError&) {
  }
  return 0;
}
