// Names out of the dynamic symbol tables of what is loaded here.
#include "exported_names.hpp"

#include <catch2/catch.hpp>

#include <dlfcn.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <cstring>
#include <string>

#include "region.hpp"

using namespace tasks::agent;

namespace {

class Names {
public:
    std::string at(const void* address, std::uint64_t offset, const void* image) {
        return std::string{
            names_.at(reinterpret_cast<std::uintptr_t>(address) + offset, reinterpret_cast<std::uintptr_t>(image))};
    }

private:
    Region region_{ExportedNames::memory_bytes};
    ExportedNames names_{region_.take(ExportedNames::memory_bytes)};
};

struct Loaded {
    const void* function;
    const void* image;
};

/// A function of a library as the loader knows it.
Loaded loaded(const char* name) {
    const void* function = ::dlsym(RTLD_DEFAULT, name);
    Dl_info info{};
    REQUIRE(function != nullptr);
    REQUIRE(::dladdr(function, &info) != 0);
    return {function, info.dli_fbase};
}

void not_exported() {}

} // namespace

TEST_CASE("An exported function is found from its first byte to its last") {
    Names names;
    for (const char* name : {"clock_nanosleep", "getpid", "__cxa_throw", "epoll_wait"}) {
        const Loaded of = loaded(name);
        INFO(name);
        CHECK(names.at(of.function, 0, of.image) == name);
        CHECK(names.at(of.function, 1, of.image) == name);
        CHECK(names.at(of.function, 1, of.image) == name); // kept
        CHECK(names.at(of.function, 1u << 20, of.image) != name);
    }
}

TEST_CASE("Of two names of one function the public one is told") {
    Names names;
    const Loaded of = loaded("read"); // also __read
    CHECK(names.at(of.function, 3, of.image) == "read");
}

TEST_CASE("What is not exported has no name") {
    Names names;
    Dl_info info{};
    const auto* function = reinterpret_cast<const void*>(&not_exported);
    REQUIRE(::dladdr(function, &info) != 0);
    CHECK(names.at(function, 0, info.dli_fbase).empty());
}

TEST_CASE("The vdso's functions have names where it has symbols") {
    const auto* image = reinterpret_cast<const void*>(::getauxval(AT_SYSINFO_EHDR));
    if (image == nullptr)
        return;
    Names names;
    std::size_t found = 0;
    for (std::uint64_t offset = 0; offset < 8192; offset += 16)
        found += names.at(image, offset, image).empty() ? 0u : 1u;
    CHECK(found > 0);
}

TEST_CASE("An image that is none, is cut, or lies about its tables gives no names") {
    Names names;
    CHECK(names.at(nullptr, 0x1000, nullptr).empty());
    CHECK(names.at(&names, 0, &names).empty());
    const Loaded of = loaded("getpid");
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    std::memcpy(page, of.image, 4096); // the headers, and nothing behind them
    CHECK(names.at(page, 0x30000, page).empty());
    std::memset(static_cast<char*>(page) + 64, 0xff, 4096 - 64);
    CHECK(names.at(page, 0x30000, page).empty());
    ::munmap(page, 4096);
}
