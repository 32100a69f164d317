// What the listener of <tasks/leak_check_catch2.hpp> uses of Catch2 3, by its names and signatures (those of 3.1 to
// 3.8), for a system that has only version 2. Not Catch2: leaks_catch2_v3.cpp plays its part. The other headers of
// version 3 are made by CMake and include this one. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#define CATCH_TRY try
#define CATCH_CATCH_ALL catch (...)
#define FAIL_CHECK(message) Catch::fail_check(message)

namespace Catch {

class StringRef {
public:
    StringRef(const char* text) : text_(text) {}
    const char* data() const { return text_; }

private:
    const char* text_;
};

struct Counts {
    std::size_t passed = 0;
    std::size_t failed = 0;
};
struct Totals {
    Counts assertions;
};
struct SectionInfo {};
struct SectionStats {
    Counts assertions;
};
struct TestRunStats {
    Totals totals;
};

class IConfig {};

class IEventListener {
public:
    explicit IEventListener(const IConfig*) {}
    virtual ~IEventListener() = default;
    virtual void sectionStarting(const SectionInfo&) = 0;
    virtual void sectionEnded(const SectionStats&) = 0;
    virtual void testRunEnded(const TestRunStats&) = 0;
    virtual void fatalErrorEncountered(StringRef) = 0;
};

class EventListenerBase : public IEventListener {
public:
    using IEventListener::IEventListener;
    void sectionStarting(const SectionInfo&) override {}
    void sectionEnded(const SectionStats&) override {}
    void testRunEnded(const TestRunStats&) override {}
    void fatalErrorEncountered(StringRef) override {}
};

/// The one that is registered.
std::unique_ptr<IEventListener>& listener();
/// Counts and prints a failure; with --abort throws what ends a test.
void fail_check(const std::string& message);

template <class Listener> class ListenerRegistrar {
public:
    explicit ListenerRegistrar(StringRef) {
        listener() = std::make_unique<Listener>(static_cast<const IConfig*>(nullptr));
    }
};

} // namespace Catch

#define CATCH_REGISTER_LISTENER(type)                                                                                  \
    namespace {                                                                                                        \
    const Catch::ListenerRegistrar<type> catch_internal_RegistrarFor(#type);                                           \
    }
