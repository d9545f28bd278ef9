// The fonts of the system: no page waits for a file of a font.
import DefaultTheme from 'vitepress/theme-without-fonts';
import './style.css';

export default DefaultTheme;
