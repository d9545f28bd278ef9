#!/usr/bin/env node
// Not the built file itself: a package manager links commands before anything is built.
import '../dist/cli.js';
