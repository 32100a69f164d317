#include "symbols/demangled_name.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace tasks::inspect {

namespace {

struct Free {
    void operator()(char* text) const noexcept { std::free(text); }
};

} // namespace

std::string demangled_name(const char* linkage_name) {
    std::string name{linkage_name, ::strnlen(linkage_name, longest_mangled_name)};
    if (const auto version = name.find('@'); version != std::string::npos && version > 0)
        name.resize(version);
    if (name.size() == longest_mangled_name || !name.starts_with("_Z"))
        return name;
    int status = 0;
    const std::unique_ptr<char, Free> text{abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status)};
    return text ? std::string{text.get()} : name;
}

} // namespace tasks::inspect
