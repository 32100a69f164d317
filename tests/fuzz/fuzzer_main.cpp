// libFuzzer's entry point, compiled once a fuzzer with TASKS_FUZZ_ENTRY as the function of fuzz_entries.hpp to run.
#include "fuzz_entries.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tasks::fuzz::TASKS_FUZZ_ENTRY(data, size);
    return 0;
}
