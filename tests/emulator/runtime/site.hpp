// Where a kernel called something, for messages.
#pragma once

namespace emulator {

struct Site {
    const char* file = "";
    int line = 0;

    // As a default argument: the place of the call.
    static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
        return {file, line};
    }
};

inline bool operator==(const Site& a, const Site& b) {
    return a.line == b.line && (a.file == b.file || __builtin_strcmp(a.file, b.file) == 0);
}

// The file's name without its folder.
inline const char* file_name(const Site& site) {
    const char* slash = __builtin_strrchr(site.file, '/');
    return slash == nullptr ? site.file : slash + 1;
}

}  // namespace emulator
